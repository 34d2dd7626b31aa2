"""What all parts of the set share: draws, labels, and files whose bytes are a function of the values."""

import json
import math
import pathlib

import numpy as np


def write_json(path, value):
    """Floats in shortest round-trip form, NaN as null."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")


def plain(value):
    """Lists, dicts and Python numbers of whatever holds numbers; a float32 keeps its own shortest form."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "detach"):
        return plain(value.detach().numpy())
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value] if value.ndim else plain(value[()])
    if isinstance(value, np.float32):
        return plain(float(str(value)))
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def rng_of(seed, *what):
    """A generator for one part of the set, so that a change of one part leaves the others as they were."""
    return np.random.default_rng([seed, *"/".join(map(str, what)).encode()])


def draw_paths(rng, n, theories, depths=None, branches=3, stop=0.0):
    """Labels of n rows: theory [n] and levels [n][3], -1 where a path has ended.

    Ids are unique across theories and tell their parent: theory 2 has 20, 21, …; below 21 stand 210, 211, …
    """
    depths = depths or {t: 3 for t in theories}
    theory, levels = [], []
    for _ in range(n):
        t = int(rng.choice(theories))
        path, at = [], t
        for level in range(depths[t]):
            if level and rng.random() < stop:
                break
            at = 10 * at + int(rng.integers(branches))
            path.append(at)
        theory.append(t)
        levels.append(path + [-1] * (3 - len(path)))
    return theory, levels
