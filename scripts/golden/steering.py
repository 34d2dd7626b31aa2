"""g_valueflow, steering: bins of scores, gains with refusals, the five shifts of a profile, texts that people agree on."""

import numpy as np
from scipy import stats

from common import rng_of, write_json

TARGETS = (-2, -1, 1, 2)
EDGES = (-10.5, -10, -7.0001, -7, -6.9999, -3.0001, -3, -2.9999, 0, 2.9999, 3, 3.0001, 6.9999, 7, 7.0001, 10, 10.5)


def main_bin(x):
    if -10 <= x <= -7:
        return -2
    if -7 < x <= -3:
        return -1
    if 3 < x <= 7:
        return 1
    return 2 if 7 < x <= 10 else 0


def appendix_bin(x):
    """The appendix prints [3, 7) and (7, 10]: 7 itself is in neither."""
    return 0 if x == 7 else 1 if x == 3 else main_bin(x)


def symmetric_bin(x):
    return -main_bin(-x) if x > 0 else main_bin(x)


def answers(rng, queries=26):
    """A row a query and target: some scores are missing, and refusals come more often against a value."""
    plain, out = rng.normal(size=queries) * 2 + 1, []
    for q in range(queries):
        default = None if rng.random() < 0.06 else round(float(np.clip(plain[q], -10, 10)), 3)
        for target in TARGETS:
            moved = np.clip(plain[q] + 1.6 * target + 0.5 + rng.normal() * 1.4, -10, 10)
            out.append(dict(
                query="q%d" % q, target=target, default=default,
                steered=None if rng.random() < 0.04 else round(float(moved), 3),
                refused=bool(rng.random() < (0.15 if target < 0 else 0.03)),
            ))  # fmt: skip
    return out


def gain(rows):
    both = [r for r in rows if r["default"] is not None and r["steered"] is not None]
    delta = np.array([r["steered"] - r["default"] for r in both])
    kept = np.array([d for d, r in zip(delta, both) if not r["refused"]])
    refused = sum(r["refused"] for r in rows)
    wilson = stats.binomtest(refused, len(rows)).proportion_ci(method="wilson")
    return dict(
        n=len(both), dropped=len(rows) - len(both), mean=delta.mean(), se=stats.sem(delta),
        mean_without_refusals=kept.mean(), refusal_rate=refused / len(rows), refusal_wilson95=[wilson.low, wilson.high],
    )  # fmt: skip


def agreement(rng, n=9):
    """A score of orders and one of people agree: the same sign, at most 2 apart."""
    out = [dict(pl=4.0, human=6.0), dict(pl=0, human=0), dict(pl=1, human=-1)]
    out += [dict(pl=round(float(a), 1), human=round(float(a + b), 1)) for a, b in rng.normal(size=(n, 2)) * [5, 2]]
    return [dict(r, agree=bool(r["pl"] * r["human"] > 0 and abs(r["pl"] - r["human"]) <= 2)) for r in out]


def steering(seed):
    rng = rng_of(seed, "steering")
    rows = answers(rng)
    by = {t: gain([r for r in rows if r["target"] == t]) for t in TARGETS}
    both = [r for r in rows if r["default"] is not None and r["steered"] is not None]
    dose = stats.spearmanr([r["target"] for r in both], [r["steered"] - r["default"] for r in both]).statistic
    asked = [2, 1, 1, -1, -2]
    return dict(
        bins=[dict(score=x, main=main_bin(x), appendix=appendix_bin(x), symmetric=symmetric_bin(x)) for x in EDGES],
        rows=rows, five_value_sets=[np.roll(asked, s) for s in range(5)], user_text_agreement=agreement(rng),
        expected=dict(by_target=by, asymmetry=by[2]["mean"] + by[-2]["mean"], spearman_target_gain=dose),
    )  # fmt: skip


def write(out, seed):
    write_json(out / "g_valueflow" / "steering.json", steering(seed))
