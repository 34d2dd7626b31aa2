"""Fused tensors: the average, and Karcher's mean on the sphere, with the formulas written out (../h_vcai/a_merge)."""

import numpy as np
import torch
from safetensors.torch import save_file

from common import rng_of, write_json

TOLERANCE = 1e-5
UPDATES = 10


def linear(tensors, weights, normalise=True):
    total = sum(w * t for w, t in zip(weights, tensors))
    return total / sum(weights) if normalise else total


def karcher(tensors, weights, updates=UPDATES):
    """The mean, updates made, and the size of the last step looked at (None where none was)."""
    shares = np.array(weights) / sum(weights)
    norms = np.array([np.linalg.norm(t) for t in tensors])
    if len(tensors) == 1:
        return tensors[0].copy(), 0, None
    kept = norms > TOLERANCE
    if not kept.any():
        return np.zeros_like(tensors[0]), 0, None
    units = [t / n for t, n, k in zip(tensors, norms, kept) if k]
    parts = shares[kept] / shares[kept].sum()
    mean = sum(a * u for a, u in zip(parts, units))
    size = np.linalg.norm(mean)
    mean = units[0].copy() if size < TOLERANCE else mean / size
    made, step = 0, None
    while made < updates:
        pull = np.zeros_like(mean)
        for a, u in zip(parts, units):
            cos = np.clip((u * mean).sum(), -1, 1)
            angle = np.arccos(cos)
            if angle >= TOLERANCE:
                pull += a * angle / np.sin(angle) * (u - cos * mean)
        step = np.linalg.norm(pull)
        if step < TOLERANCE:
            break
        mean = np.cos(step) * mean + np.sin(step) * pull / step
        mean /= np.linalg.norm(mean)
        made += 1
    return (shares * norms).sum() * mean, made, step


def cases(rng):
    """Names and tensors: far and near ones, zeros, opposites."""
    draw = lambda *shape: rng.standard_normal(shape)
    a = draw(3, 5)
    yield "random", [draw(4, 3) for _ in range(3)]
    yield "many", [draw(2, 3) for _ in range(7)]
    yield "one_axis", [draw(6) for _ in range(4)]
    yield "same_direction", [a, 2.5 * a, .3 * a]
    yield "near", [a, a + 1e-4 * draw(3, 5), a + 1e-4 * draw(3, 5)]
    yield "one_zero", [a, np.zeros_like(a), draw(3, 5)]
    yield "all_zero", [np.zeros((2, 2))] * 3
    yield "opposite_pair", [a, -a]
    yield "right_angle", [np.array([1.0, 0, 0]), np.array([0, 3.0, 0])]
    yield "large", [1e8 * draw(3, 3) for _ in range(3)]


def tensors(rng):
    out = []
    for name, parts in cases(rng):
        for weights in (np.full(len(parts), 1 / len(parts)), np.round(rng.uniform(.1, 2, len(parts)), 3)):
            mean, made, step = karcher(parts, weights)
            out.append({
                "case": name, "weights": weights, "tensors": parts, "linear": linear(parts, weights),
                "linear_not_normalised": linear(parts, weights, False), "karcher": mean, "karcher_iterations": made,
                "karcher_last_tangent": step, "karcher_max_iter_1": karcher(parts, weights, 1)[0],
            })
    return out


def experts(rng, folder):
    """A base and three models tuned from it: two matrices moved by rank 1, a table and a norm left as they were."""
    base = {
        "model.embed_tokens.weight": rng.standard_normal((12, 8)), "model.norm.weight": rng.standard_normal(8),
        "model.layers.0.self_attn.q_proj.weight": rng.standard_normal((8, 8)),
        "model.layers.0.mlp.down_proj.weight": rng.standard_normal((8, 16)),
    }
    base = {name: t.astype(np.float32) for name, t in base.items()}
    tuned = []
    for _ in range(3):
        moved = dict(base)
        for name, t in base.items():
            if "layers" in name:
                update = .3 * np.outer(rng.standard_normal(t.shape[0]), rng.standard_normal(t.shape[1]))
                moved[name] = (t + update).astype(np.float32)
        tuned.append(moved)
    weights = [1.0, 2.0, 1.5]
    wide = lambda model, name: model[name].astype(np.float64)
    fused = {"linear": {}, "karcher": {}, "karcher_of_deltas": {}}
    for name in base:
        parts = [wide(m, name) for m in tuned]
        fused["linear"][name] = linear(parts, weights)
        fused["karcher"][name] = karcher(parts, weights)[0]
        deltas = [p - wide(base, name) for p in parts]
        fused["karcher_of_deltas"][name] = wide(base, name) + karcher(deltas, weights)[0]
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in {"base": base, **{f"expert{i}": m for i, m in enumerate(tuned)}, **fused}.items():
        save_file({k: torch.from_numpy(np.ascontiguousarray(v.astype(np.float32))) for k, v in model.items()},
                  folder / f"{name}.safetensors")
    return {"weights": weights}


def write(out, seed):
    rng = rng_of(seed, "merges")
    folder = out / "h_vcai" / "a_merge"
    write_json(folder / "tensors.json", {"max_iter": UPDATES, "tol": TOLERANCE, "cases": tensors(rng)})
    write_json(folder / "experts.json", experts(rng, folder / "experts"))
