"""h_vcai/b_stats: orders, correlations, maps, votes, scores, degrees and benchmarks, by scipy or by formulas written out."""

import math

import numpy as np
from scipy import stats
from scipy.spatial import procrustes

from common import rng_of, write_json


def kendall_case(name, x, y):
    x, y = np.array(x, float), np.array(y, float)
    n, c, d, tx, ty = len(x), 0, 0, 0, 0
    for i in range(n):
        for j in range(i):
            dx, dy = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
            c, d = c + (dx * dy > 0), d + (dx * dy < 0)
            tx, ty = tx + (dx == 0 and dy != 0), ty + (dy == 0 and dx != 0)
    root = math.sqrt((c + d + tx) * (c + d + ty))
    case = dict(case=name, x=x, y=y, tau_b=(c - d) / root if root else None, concordant=int(c), discordant=int(d),
                ties_x_only=int(tx), ties_y_only=int(ty))  # fmt: skip
    if root:
        if n > 2:
            case["p_asymptotic_scipy"] = stats.kendalltau(x, y, method="asymptotic").pvalue
        if c + d == n * (n - 1) // 2:
            case["p_exact"] = stats.kendalltau(x, y, method="exact").pvalue
    return case


def kendalls(rng):
    up = [1, 2, 3, 4, 5]
    yield kendall_case("perfect", up, [2, 4, 6, 8, 9])
    yield kendall_case("reversed", up, up[::-1])
    yield kendall_case("one_swap", up, [1, 2, 4, 3, 5])
    yield kendall_case("constant", [1, 1, 1], [1, 2, 3])
    yield kendall_case("two", [1, 2], [2, 1])
    yield kendall_case("empty", [], [])
    yield kendall_case("random", rng.standard_normal(13), rng.standard_normal(13))
    yield kendall_case("grades", rng.integers(1, 7, 80), rng.integers(1, 7, 80))


def rankings(rng):
    items = []
    for _ in range(8):
        levels = rng.permutation([-2, -1, 0, 1, 2])
        order = list(np.argsort(-levels) + 1)
        for _ in range(int(rng.integers(0, 3))):
            at = int(rng.integers(0, 4))
            order[at], order[at + 1] = order[at + 1], order[at]
        rank = [-order.index(place + 1) for place in range(5)]
        tau = stats.kendalltau(levels, rank, method="exact")
        items.append(dict(levels_in_prompt=levels, ranking=order, tau=tau.statistic, p_exact=tau.pvalue))
    ps = [i["p_exact"] for i in items]
    return dict(items=items, mean_tau=np.mean([i["tau"] for i in items]), mean_p=np.mean(ps),
                share_p_below_05=np.mean([p < .05 for p in ps]),
                unusable=[dict(ranking=r) for r in ([1, 2], [1, 1, 2, 3, 4], [0, 1, 2, 3, 4])])  # fmt: skip


def correlations(scores):
    v = scores.shape[1]
    out = {"scores": scores, "pearson": np.full((v, v), np.nan), "spearman": np.full((v, v), np.nan)}
    fisher = np.full((v, v, 2), np.nan)
    for i in range(v):
        for j in range(v):
            x, y = scores[:, [i, j]][~np.isnan(scores[:, [i, j]]).any(axis=1)].T
            if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
                continue
            out["pearson"][i, j] = 1 if i == j else stats.pearsonr(x, y).statistic
            out["spearman"][i, j] = 1 if i == j else stats.spearmanr(x, y).statistic
            if i != j:
                z, half = np.arctanh(out["pearson"][i, j]), 1.95996398454 / math.sqrt(len(x) - 3)
                fisher[i, j] = np.tanh(z - half), np.tanh(z + half)
    out["mean_off_diagonal"] = np.nanmean(out["pearson"][~np.eye(v, dtype=bool)])
    return out | {"fisher_95": fisher}


def all_correlations(rng):
    full = rng.standard_normal((25, 1)) + rng.standard_normal((25, 6))
    holes, constant = full.copy(), full.copy()
    holes[rng.random(full.shape) < .1] = np.nan
    constant[:, 2] = 3
    centred = full - full.mean(axis=1, keepdims=True)
    return {name: correlations(s) for name, s in
            dict(full=full, holes=holes, constant_column=constant, centred=centred).items()}  # fmt: skip


def away(m):
    return np.sqrt(((m[:, None] - m[None]) ** 2).sum(-1))


def raw(m, given):
    return ((away(m) - given) ** 2).sum() / 2


def smacof(given, m):
    trace = [raw(m, given)]
    for _ in range(300):
        d = away(m)
        with np.errstate(divide="ignore", invalid="ignore"):
            b = np.where(d > 1e-12, -given / d, 0)
        np.fill_diagonal(b, 0)
        np.fill_diagonal(b, -b.sum(axis=1))
        m = b @ m / len(m)
        trace.append(raw(m, given))
        if (trace[-2] - trace[-1]) / ((away(m) ** 2).sum() / 2) < 1e-9:
            break
    return m, trace


def map_case(name, given, rng):
    n = len(given)
    j = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-j @ given**2 @ j / 2)
    classical = vectors[:, [-1, -2]] * np.sqrt(np.maximum(values[[-1, -2]], 0))
    best, trace = smacof(given, classical)
    start = rng.standard_normal((n, 2))
    from_start, _ = smacof(given, start)
    return dict(case=name, D=given, eigenvalues=values[::-1], pair_distances_classical=away(classical),
                pair_distances_smacof=away(best), raw_stress=trace[-1], iterations=len(trace) - 1,
                stress1=math.sqrt(trace[-1] / (given**2).sum() * 2), stress_trace=trace[:40], start=start,
                from_start_raw=raw(from_start, given))  # fmt: skip


def maps(rng):
    plane = rng.standard_normal((7, 2))
    noise = np.triu(.5 + rng.random((8, 8)), 1)
    r = np.corrcoef(rng.standard_normal((30, 9)), rowvar=False)
    cases = [map_case("planar", away(plane), rng), map_case("random", noise + noise.T, rng),
             map_case("from_correlation", np.sqrt(np.maximum(0, 2 * (1 - r))), rng)]  # fmt: skip
    a = rng.standard_normal((6, 2))
    b = 3 * a @ np.array([[.8, .6], [-.6, .8]]) + rng.standard_normal((6, 2)) / 5 + 2
    _, fitted, disparity = procrustes(a, b)
    return dict(cases=cases, procrustes=dict(a=a, b=b, fitted_unit=fitted, disparity=disparity))


def vote_case(name, p, k):
    p = np.array(p, float).reshape(-1, k)
    hard = [int(row.argmax()) for row in p]
    count = [hard.count(option) for option in range(k)]
    case = dict(case=name, K=k, p=p, hard=hard, count=count, tied=[])
    if not hard:
        return case | dict.fromkeys(["lowest", "soft", "middle_score", "expected_score", "agreement", "entropy_bits"])
    tied = [option for option in range(k) if count[option] == max(count)]
    shares = p.mean(axis=0)
    return case | dict(
        tied=tied, lowest=tied[0], soft=max(tied, key=lambda option: (p[:, option].sum(), -option)),
        middle_score=float(np.mean(tied)) + 1, expected_score=float(((np.arange(k) + 1) * shares).sum()),
        agreement=max(count) / len(hard), entropy_bits=float(-(shares[shares > 0] * np.log2(shares[shares > 0])).sum()),
    )  # fmt: skip


def votes(rng):
    cases = [vote_case("drawn", rng.dirichlet(np.ones(6), 9), 6), vote_case("none", [], 6),
             vote_case("two_sides", [[.6, .3, .1], [.1, .2, .7]], 3), vote_case("one", [[.2, .5, .3]], 3)]  # fmt: skip
    softmax = lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum()
    scored = []
    for _ in range(3):
        total, prior = rng.standard_normal(6), rng.standard_normal(6)
        scored.append(dict(total_logp=total, p=softmax(total), prior_logp=prior, p_calibrated=softmax(total - prior)))
    return dict(cases=cases, from_log_probabilities=scored)


SCALES = ["A", "B", "C", "D", "E"]
TEN, HIGHER = {"ab": ["A", "B"], "c": ["C"]}, {"abc": ["A", "B", "C"], "de": ["D", "E"]}


def person(answers):
    answers = np.array(answers, float)
    mean = np.nanmean(answers)
    scale = lambda names: np.nanmean([a for i, a in enumerate(answers) if SCALES[i % len(SCALES)] in names])
    dropped = None
    if np.isnan(answers).mean() > .3:
        dropped = "missing"
    elif max((answers == a).sum() for a in range(1, 7)) >= .8 * len(answers):
        dropped = "same_answer"
    return dict(answers=answers, mean_of_all=mean, value_mean={s: scale([s]) for s in SCALES},
                value_centred={s: scale([s]) - mean for s in SCALES},
                ten_centred={g: scale(s) - mean for g, s in TEN.items()},
                higher_centred={g: scale(s) - mean for g, s in HIGHER.items()}, dropped=dropped)  # fmt: skip


def people(rng):
    drawn = [rng.integers(1, 7, 3 * len(SCALES)).astype(float) for _ in range(4)]
    drawn[1][:2] = np.nan
    drawn[2][5:11] = np.nan
    drawn[3][:13] = 4
    all_people = [person(a) for a in drawn]
    return dict(values=SCALES, ten=TEN, higher=HIGHER, people=all_people, kept=sum(p["dropped"] is None for p in all_people))


def aggregate_case(name, judged):
    j = np.array(judged, float)
    mean = lambda x: None if np.isnan(x).all() else float(np.nanmean(x))
    touched = [p for p in range(j.shape[1]) if (np.nan_to_num(j[:, p]) != 0).any()]
    all_mean, only = mean(j), mean(j[:, touched]) if touched else None
    level = None if all_mean is None else int(np.clip(math.copysign(math.floor(abs(2 * all_mean) + .5), all_mean), -2, 2))
    return dict(case=name, J=j, D_prime=None if all_mean is None else 2 * all_mean, missing=int(np.isnan(j).sum()),
                touched=touched, D_prime_touched=None if only is None else 2 * only,
                per_sub_value=[mean(c) for c in j.T], per_role=[mean(r) for r in j], nearest_level=level)  # fmt: skip


def loop_case(name, wanted, near, most, scores):
    trace, chosen, stop = [], None, "failed"
    for at, score in enumerate(scores):
        gap = None if score is None else abs(score - wanted)
        trace.append(dict(gap=gap))
        if gap is None:
            continue
        if gap <= near + 1e-12:
            chosen, stop = at, "accepted"
            break
        if chosen is None or gap < trace[chosen]["gap"]:
            chosen, stop = at, "exhausted"
    return dict(case=name, D=wanted, t=near, M=most, scores=scores, trace=trace, chosen=chosen, stop=stop)


def agreement(rng):
    holes = rng.integers(-1, 2, (4, 5)).astype(float)
    holes[rng.random(holes.shape) < .2] = np.nan
    untouched = np.zeros((3, 4))
    untouched[:, 1] = 1
    return dict(
        aggregate=[aggregate_case("drawn", rng.integers(-1, 2, (5, 7))), aggregate_case("holes", holes),
                   aggregate_case("untouched", untouched), aggregate_case("missing", np.full((2, 3), np.nan))],
        loops=[loop_case("at_once", 2, .5, 3, [1.6]), loop_case("never", -2, .5, 2, [0., -1.2, -.9]),
               loop_case("equal_gaps", 0, .25, 1, [1., -1.]), loop_case("edge", 1, .5, 3, [.5]),
               loop_case("unusable", 1, .5, 1, [None, None]), loop_case("third", 1, .3, 4, [None, .2, 1.1])],
    )  # fmt: skip


def benchmarks(rng):
    items = []
    for _ in range(50):
        ambiguous = bool(rng.random() < .5)
        items.append(dict(
            ambiguous=ambiguous, polarity=str(rng.choice(["neg", "nonneg"])),
            answer=str(rng.choice(["target", "other", "unknown"])),
            correct="unknown" if ambiguous else str(rng.choice(["target", "other"]))))  # fmt: skip

    def figures(kind):
        of = [i for i in items if i["ambiguous"] == kind]
        right = np.mean([i["answer"] == i["correct"] for i in of])
        named = [i for i in of if i["answer"] != "unknown"]
        return right, 2 * np.mean([(i["answer"] == "target") == (i["polarity"] == "neg") for i in named]) - 1

    (clear, lean), (blurred, drawn) = figures(False), figures(True)
    choices = []
    for _ in range(6):
        logp, size = -rng.uniform(1, 30, 4), rng.integers(3, 40, 4)
        choices.append(dict(logp=logp, bytes=size, pick_total=int(logp.argmax()), pick_per_byte=int((logp / size).argmax())))
    bbq = dict(items=items, s_dis=lean, accuracy_dis=clear, accuracy_amb=blurred, s_amb=(1 - blurred) * drawn)
    return dict(bbq=bbq, choice=choices)


def write(out, seed):
    rng = rng_of(seed, "statistics")
    folder = out / "h_vcai" / "b_stats"
    for name, value in dict(
        kendall=dict(cases=list(kendalls(rng))), ranking=rankings(rng), correlation=all_correlations(rng), mds=maps(rng),
        votes=votes(rng), pvq=people(rng), agreement=agreement(rng), bench=benchmarks(rng),
    ).items():  # fmt: skip
        write_json(folder / f"{name}.json", value)
