"""g_valueflow, profiles of groups: strengths, scales, prompts, accuracies and letters.

From the formulas of docs/PROFILES.md in float64, one group, value and option after the other.
"""

import numpy as np
import scipy.stats

from common import rng_of, write_json

ALPHA, EPSILON = 0.5, 1e-8
LEVELS = ((-0.6, "very_low"), (-0.2, "low"))
LABELLED = (-1, -0.61, -0.6, -0.599, -0.2, -0.1999, 0, 0.2, 0.2001, 0.6, 0.61, 1)
ANSWERS = (
    ("C", 3, 2), (" a. Rarely", 2, 0), ("answer: B", 3, 1), ("[D]", 5, 3), ("*a*", 4, 0), ("A lot of them do", 4, None),
    ("F", 5, None), ("", 2, None), ("I say the answer is C.", 3, 2), ("b: partly", 2, 1), ("B or C", 4, None),
    ("Answer: A (not C)", 3, 0), ("Rather not", 4, None), ("{ b }", 2, 1),
)  # fmt: skip


def question(rng, values, groups):
    o = int(rng.integers(2, 6))
    intensity = np.round(rng.uniform(-10, 10, (o, values)), 2)
    intensity[rng.random((o, values)) < 0.12] = np.nan
    shares = [None if rng.random() < 0.1 else rng.dirichlet(np.ones(o)) for _ in range(groups)]
    return dict(options=o, intensity=intensity, similarity=np.round(rng.uniform(-0.4, 0.8, (o, values)), 3), p=shares)


def of_question(q, shares, v, signed=False):
    """Intensity, weight and both within one sum; None where the group has said nothing."""
    there = [o for o in range(q["options"]) if not np.isnan(q["intensity"][o, v])]
    total = sum(shares[o] for o in there) if shares is not None else 0
    if total <= 0:
        return None
    p = {o: shares[o] / total for o in there}
    w = {o: q["similarity"][o, v] if signed else max(0, q["similarity"][o, v]) for o in there}
    return (
        sum(p[o] * q["intensity"][o, v] for o in there),
        sum(p[o] * w[o] for o in there),
        sum(p[o] * w[o] * q["intensity"][o, v] for o in there),
    )


def strengths(questions, groups, values, how, signed=False):
    raw, n = np.full((groups, values), np.nan), np.zeros((groups, values), int)
    for g in range(groups):
        for v in range(values):
            said = [s for q in questions if (s := of_question(q, q["p"][g], v, signed)) is not None]
            n[g, v] = len(said)
            if not said:
                continue
            if how == "joint":
                raw[g, v] = np.mean([s[2] for s in said])
            elif how == "weighted_mean":
                below = sum(s[1] for s in said)
                raw[g, v] = sum(s[0] * s[1] for s in said) / below if below > 0 else np.nan
            else:
                raw[g, v] = np.mean([s[0] * s[1] for s in said])
    return dict(raw=raw, n=n)


def zscore(x):
    return np.zeros(len(x)) if x.std() < 1e-12 else (x - x.mean()) / x.std()


def minmax(x):
    return np.zeros(len(x)) if np.ptp(x) < 1e-12 else (x - x.min()) / np.ptp(x)


def percentile(x):
    rank = scipy.stats.rankdata(x, "dense")
    return np.zeros(len(x)) if rank.max() == 1 else (rank - 1) / (rank.max() - 1)


def hybrid(x, less=0.0):
    rank = (scipy.stats.rankdata(x) - less) / len(x)
    return ALPHA * x / (np.abs(x).max() + EPSILON) + (1 - ALPHA) * (2 * rank - 1)


def there(f, x):
    x = np.asarray(x, float)
    out = np.full(len(x), np.nan)
    ok = ~np.isnan(x)
    if ok.any():
        out[ok] = f(x[ok])
    return out


def scales(raw, theory):
    raw, out = np.asarray(raw, float), {}
    for name, f in dict(zscore=zscore, minmax=minmax, percentile=percentile).items():
        rows = np.full(raw.shape, np.nan)
        for t in dict.fromkeys(theory):
            at = [v for v, own in enumerate(theory) if own == t]
            for g in range(len(raw)):
                rows[g, at] = there(f, raw[g, at])
        out["row_" + name] = rows
        out["col_" + name] = np.stack([there(f, raw[:, v]) for v in range(raw.shape[1])], 1)
    out["hybrid"] = np.stack([there(hybrid, raw[:, v]) for v in range(raw.shape[1])], 1)
    out["hybrid_mid"] = np.stack([there(lambda x: hybrid(x, 0.5), raw[:, v]) for v in range(raw.shape[1])], 1)
    return out


def label(h):
    for bound, name in LEVELS:
        if h < bound:
            return name
    return "medium" if h <= 0.2 else "high" if h <= 0.6 else "very_high"


def pick(h, n):
    down = sorted((v for v in range(len(h)) if not np.isnan(h[v])), key=lambda v: (-h[v], v))
    n = min(n, len(down))
    up = sorted(down[(n + 1) // 2 :], key=lambda v: (h[v], v))
    return down[: (n + 1) // 2] + up[: n // 2]


def profiles(seed):
    rng, theory, groups = rng_of(seed, "profiles"), ["mft", "mft", "mft", "right", "right"], 6
    questions = [question(rng, len(theory), groups) for _ in range(23)]
    expected = {how: strengths(questions, groups, len(theory), how) for how in ("paper", "joint", "weighted_mean")}
    expected["paper"] |= scales(expected["paper"]["raw"], theory)
    first = [[of_question(questions[0], p, v) or (np.nan,) * 3 for v in range(len(theory))] for p in questions[0]["p"]]
    expected["expected_intensity_first_question"] = [[s[0] for s in row] for row in first]
    expected["mean_similarity_first_question"] = [[s[1] for s in row] for row in first]
    expected["paper_raw_with_signed_similarity"] = strengths(questions, groups, len(theory), "paper", True)["raw"]
    raw = [[2.0, 2.0, -1.0, 0.5], [2.0, -3.0, -1.0, 0.5], [2.0, 1.0, np.nan, 0.5], [2.0, -3.0, 4.0, 0.25]]
    own = ["mft", "mft", "mft", "duty"]
    h = expected["paper"]["hybrid"]
    return dict(
        groups=[f"CAT{g // 2}_g{g}" for g in range(groups)], theory_of_value=theory, questions=questions, alpha=ALPHA,
        epsilon=EPSILON, expected=expected, ties=dict(raw=raw, theory_of_value=own) | scales(raw, own),
        labels=[dict(score=s, label=label(s)) for s in LABELLED],
        prompt_pick=[dict(group=g, n=n, values=pick(h[g], n)) for g in range(groups) for n in (1, 2, 3, 5, 8)],
    )  # fmt: skip


def right(row):
    return row["predicted"] is not None and row["gold"][row["predicted"]] >= max(row["gold"]) - 1e-12


def near(row):
    o = row["ordinal"]
    if max(o) == min(o):
        return None
    return 1 - scipy.stats.wasserstein_distance(o, o, row["model"], row["gold"]) / (max(o) - min(o))


def others(rows, i):
    same = [r["gold"] for j, r in enumerate(rows)
            if j != i and r["question"] == rows[i]["question"] and len(r["gold"]) == len(rows[i]["gold"])]  # fmt: skip
    return bool(right(rows[i] | dict(predicted=int(np.argmax(np.mean(same, 0)))))) if same else None


def opinions(seed):
    rng, rows = rng_of(seed, "opinionqa"), []
    options = {f"q{n}": int(rng.integers(2, 6)) for n in range(9)}
    for i in range(40):
        name = f"q{rng.integers(9)}"
        o = options[name]
        gold = np.array([0.4, 0.4] + [0.2 / (o - 2)] * (o - 2)) if rng.random() < 0.12 and o > 2 else rng.dirichlet(np.ones(o))
        ordinal = [2.0] * o if rng.random() < 0.1 else [float(n + 1) for n in range(o)]
        predicted = None if rng.random() < 0.1 else int(rng.integers(o))
        rows.append(dict(attribute=("RACE", "SEX")[i % 2] + f"_x{i % 7}", question=name, gold=gold, predicted=predicted,
                         ordinal=ordinal, model=rng.dirichlet(np.ones(o))))  # fmt: skip
    by = {c: np.mean([right(r) for r in rows if r["attribute"].startswith(c + "_")]) for c in ("RACE", "SEX")}
    distances, baseline = [near(r) for r in rows], [others(rows, i) for i in range(len(rows))]
    known, asked = [d for d in distances if d is not None], [b for b in baseline if b is not None]
    return dict(
        rows=rows,
        expected=dict(
            accuracy_by_category=by, accuracy_macro=np.mean(list(by.values())), accuracy_micro=np.mean([right(r) for r in rows]),
            accuracy_micro_first_of_ties=np.mean([r["predicted"] == int(np.argmax(r["gold"])) for r in rows]),
            gold_ties=sum(sum(np.array(r["gold"]) >= max(r["gold"]) - 1e-12) > 1 for r in rows),
            unparsed=sum(r["predicted"] is None for r in rows), representativeness=distances,
            representativeness_mean=np.mean(known), representativeness_skipped=len(rows) - len(known),
            other_groups_baseline=baseline, other_groups_baseline_mean=np.mean(asked),
        ),
        letters=[dict(answer=a, options=o, index=i) for a, o, i in ANSWERS],
    )  # fmt: skip


def write(out, seed):
    write_json(out / "g_valueflow" / "profiles.json", profiles(seed))
    write_json(out / "g_valueflow" / "opinionqa.json", opinions(seed))
