"""g_valueflow, scores from utilities: calibration, a response among anchors, and stability between judges.

From the formulas of docs/INTENSITY.md in float64; every maximum and every end of an interval is a root by Brent's way.
"""

import itertools
import math

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats

from common import rng_of, write_json
from rankings import gumbel_order

LIMIT, DELTA, K, M = 10, 1e-6, 6, 3
HALF_CHI2 = scipy.stats.chi2.ppf(0.95, 1) / 2
SCALE_OF = ("bucketed_", "fixed_", "random_")


def clip(x):
    return np.clip(x, -LIMIT, LIMIT)


def zscore(s):
    off = s - s.mean()
    return np.zeros(len(s)) if s.std() < 1e-12 else LIMIT * off / np.abs(off).max()


def normal_ranks(s, unit):
    q = scipy.stats.norm.ppf((scipy.stats.rankdata(s) - 0.5) / len(s))
    return np.zeros(len(s)) if np.ptp(q) == 0 else LIMIT * q / unit(q)


def calibrated(s):
    s = np.array(s, float)
    free = normal_ranks(s, np.std)
    return dict(
        s=s, mean=s.mean(), max_abs_deviation=np.abs(s - s.mean()).max(), zscore=zscore(s),
        minmax=clip(2 * LIMIT * (s - s.min()) / (np.ptp(s) + 1e-12) - LIMIT), quantile=clip(free),
        quantile_sample_sd=clip(normal_ranks(s, lambda q: np.std(q, ddof=1))),
        quantile_max=normal_ranks(s, lambda q: np.abs(q).max()),
        clipped_share_quantile=float(np.mean(np.abs(free) >= LIMIT - 1e-9)),
    )  # fmt: skip


def calibration(seed):
    rng = rng_of(seed, "calibration")
    inputs = dict(
        normal=rng.normal(size=23) * 1.4, ties=[2.0, 3.0, 3.0, -4.0, 3.0, 7.0, 7.0, 0.5, -1.0],
        constant=[-2.0] * 4, nearly_constant=[2 + i * 1e-14 for i in range(5)], single=[-0.4],
        outlier=np.append(rng.normal(size=18), 12.0), two=[1.3, -0.6],
    )  # fmt: skip
    return {name: calibrated(s) for name, s in inputs.items()}


def bin_of(score, k):
    return min(math.floor((score + LIMIT) * (k - 1) / (2 * LIMIT)), k - 2)


def pool(rng, n=90):
    theta = rng.normal(size=n) * 1.8
    mean, most, score = theta.mean(), np.abs(theta - theta.mean()).max(), zscore(theta)
    flagged = rng.random(n) < 0.15
    votes = np.round(clip(score[:, None] + rng.normal(size=(n, 2)) * 3)).mean(1)
    human = np.where(flagged, votes, np.nan)
    final = np.where(flagged, 0.5 * score + 0.5 * votes, score)
    return dict(
        theta=theta, mean=mean, max_abs_deviation=most, score=score, flagged=flagged, human_mean=human,
        final=final, utility=mean + final * most / LIMIT,
    )  # fmt: skip


def all_bins(final):
    edges = [-10, -6.000000001, -6, -2, 1.999, 2, 6, 9.99, 10]
    found = {"k%d" % k: [bin_of(f, k) for f in final] for k in (6, 4, 3)}
    return found | dict(edges=[dict(score=s, k6=bin_of(s, 6), k4=bin_of(s, 4), k3=bin_of(s, 3)) for s in edges])


def members(final):
    return [[t for t, f in enumerate(final) if bin_of(f, K) == b] for b in range(K - 1)]


def fixed_panel(final):
    centres = [-LIMIT + (b + 0.5) * 2 * LIMIT / (K - 1) for b in range(K - 1)]
    return [min(own, key=lambda t: (abs(final[t] - c), t)) if own else None for c, own in zip(centres, members(final))]


class Likelihood:
    """ℓ(u) of one response: its own stages alone, among anchors of known utility."""

    def __init__(self, windows, utility, precision=0.0):
        self.wins, self.log_s, self.precision = 0, [], precision
        for w in windows:
            left = np.array([utility[t] for t in w["anchors_best_first"]])
            self.wins += w["rank"] <= len(left)
            self.log_s += [np.logaddexp.reduce(left[j:]) for j in range(min(w["rank"], len(left)))]
        self.log_s = np.array(self.log_s)

    def value(self, u):
        return self.wins * u - np.logaddexp(u, self.log_s).sum() - self.precision / 2 * u * u

    def slope(self, u):
        return self.wins - scipy.special.expit(u - self.log_s).sum() - self.precision * u

    def information(self, u):
        return (scipy.special.expit(u - self.log_s) * scipy.special.expit(self.log_s - u)).sum() + self.precision


def root(f, low, high):
    """The root of f between low and high, both moved outwards until the sign changes between them."""
    width = high - low
    while np.sign(f(low)) == np.sign(f(high)):
        low, high, width = low - width, high + width, 2 * width
    return scipy.optimize.brentq(f, low, high, xtol=1e-14, rtol=1e-15, maxiter=500)


def outward(f, start, sign):
    """Where f, falling in the direction of sign from start on, is 0."""
    step = 1.0
    while f(start + sign * step) > 0:
        step *= 2
    return scipy.optimize.brentq(f, start, start + sign * step, xtol=1e-14, rtol=1e-15, maxiter=500)


def estimate(windows, utility):
    like = Likelihood(windows, utility)
    near, far = like.log_s.min() - 1, like.log_s.max() + 1
    if like.wins == len(like.log_s):
        lo = root(lambda u: like.value(u) + HALF_CHI2, near, far)
        return dict(u=math.inf, loglik=0.0, se=math.inf, u_lo=lo, u_hi=math.inf, status="above")
    if like.wins == 0:
        top = -like.log_s.sum()
        hi = root(lambda u: like.value(u) - top + HALF_CHI2, near, far)
        return dict(u=-math.inf, loglik=top, se=math.inf, u_lo=-math.inf, u_hi=hi, status="below")
    u = root(like.slope, near, far)
    top = like.value(u)
    lo, hi = (outward(lambda x: like.value(x) - top + HALF_CHI2, u, sign) for sign in (-1, 1))
    return dict(u=u, loglik=top, se=1 / math.sqrt(like.information(u)), u_lo=lo, u_hi=hi, status="ok")


def guarded(raw, status, windows, final):
    seen = [final[t] for w in windows for t in w["anchors_best_first"]]
    value = dict(below=min(seen) - DELTA, above=max(seen) + DELTA, ok=min(max(seen), max(min(seen), raw)))[status]
    return float(clip(value))


def logit_score(windows, p):
    found = estimate(windows, p["utility"])
    unit = LIMIT / p["max_abs_deviation"]
    raw, lo, hi = ((found[end] - p["mean"]) * unit for end in ("u", "u_lo", "u_hi"))
    return found | dict(
        intensity_raw=raw, intensity=guarded(raw, found["status"], windows, p["final"]),
        intensity_se=found["se"] * unit, intensity_lo=float(clip(lo)), intensity_hi=float(clip(hi)),
    )  # fmt: skip


def paper_score(windows, p):
    found = estimate(windows, p["final"])
    return found | dict(intensity=guarded(found["u"], found["status"], windows, p["final"]))


def shrunk(windows, p):
    like = Likelihood(windows, p["final"], 1e-3)
    u = root(like.slope, -20, 20)
    return dict(u=u, loglik_penalised=like.value(u))


def posterior(windows, p):
    like, theta = Likelihood(windows, p["utility"]), p["theta"]
    reach = 1.2 * np.abs(theta - theta.mean()).max()
    grid = theta.mean() + np.linspace(-reach, reach, 241)
    density = scipy.special.logsumexp(-(((grid[:, None] - theta) / 0.35) ** 2) / 2, axis=1)
    log_weight = density + np.array([like.value(u) for u in grid])
    weight = np.exp(log_weight - scipy.special.logsumexp(log_weight))
    u = weight @ grid
    intensity = float(clip(LIMIT * (u - p["mean"]) / p["max_abs_deviation"]))
    return dict(u=u, sd=math.sqrt(weight @ (grid - u) ** 2), intensity=intensity)


def asked(rng, p, truth, anchors):
    """One answer of a judge: the anchors without the response, the best first, and the response's rank."""
    order = gumbel_order(rng, [*anchors, len(p["utility"])], np.append(p["utility"], truth))
    at = order.index(len(p["utility"]))
    return dict(anchors_best_first=order[:at] + order[at + 1 :], rank=at + 1)


def panels(rng, p):
    """Windows' anchors by panel; a bin without a text gives none, so a window may be shorter than k."""
    filled, n = [own for own in members(p["final"]) if own], len(p["final"])
    yield "bucketed", [[int(rng.choice(own)) for own in filled] for _ in range(M)]
    yield "fixed", [[t for t in fixed_panel(p["final"]) if t is not None]] * M
    yield "random", [rng.choice(n, K - 1, replace=False).tolist() for _ in range(M)]
    yield "binary", [[int(rng.integers(n))] for _ in range(30)]


def answers(rng, p):
    for at, truth in enumerate((-5.5, -3.0, -1.0, 0.5, 2.5, 5.5)):
        for panel, chosen in panels(rng, p):
            yield "%s_%d" % (panel, at), panel, [asked(rng, p, truth, anchors) for anchors in chosen]
    fixed = [t for t in fixed_panel(p["final"]) if t is not None]
    best = sorted(fixed, key=lambda t: -p["final"][t])
    last, lowest = len(best) + 1, int(np.argmin(p["final"]))
    special = dict(
        all_below=(best, [last] * 3), all_above=(best, [1] * 3), all_in_the_middle=(best, [3] * 3),
        one_window_last=(best, [last]), last_twice_first_once=(best, [last, last, 1]),
        below_the_lowest_anchor=([lowest], [2] * 3), turned_round=(best[::-1], [1, last]),
    )  # fmt: skip
    for name, (anchors, ranks) in special.items():
        yield name, "fixed", [dict(anchors_best_first=anchors, rank=r) for r in ranks]


def scale_fit(cases, utility):
    orders = [
        np.array([utility[t] for t in w["anchors_best_first"]])
        for c in cases if c["name"].startswith(SCALE_OF) for w in c["windows"]
    ]  # fmt: skip

    def slope(beta):
        stages = (order[j:] for order in orders for j in range(len(order) - 1))
        return math.fsum(left[0] - scipy.special.softmax(beta * left) @ left for left in stages)

    named = "cases whose name begins with %s: their anchor orders" % ", ".join(SCALE_OF)
    return dict(windows=named, n=len(orders), beta=root(slope, 0.5, 1.5))


def evaluator(seed):
    rng = rng_of(seed, "evaluator")
    p = pool(rng)
    cases = [
        dict(name=name, panel=panel, windows=windows, logit=logit_score(windows, p), score=paper_score(windows, p),
             score_map_prior_1e3=shrunk(windows, p), posterior=posterior(windows, p))
        for name, panel, windows in answers(rng, p)
    ]  # fmt: skip
    return dict(
        k=K, m=M, delta=DELTA, pool=p, bins=all_bins(p["final"]), fixed_panel=fixed_panel(p["final"]), cases=cases,
        scale_fit=scale_fit(cases, p["utility"]),
    )  # fmt: skip


def ratings(rng, truth, judges, noise, digits):
    """[judge][prompt][item]; a judge adds its own shift, a prompt a smaller one; one score in 20 is missing."""
    shift = rng.normal(size=(judges, 1, 1)) * noise / 2 + rng.normal(size=(judges, 2, 1)) * noise / 4
    scores = clip(np.round(truth + shift + rng.normal(size=(judges, 2, len(truth))) * noise, digits))
    return np.where(rng.random(scores.shape) < 0.05, np.nan, scores)


def mean(values):
    values = list(values)
    return math.fsum(values) / len(values)


def ordered_pairs(scores, value, direction):
    """What one judge says of the pairs that people put in an order: +1 the same, 0 a tie, −1 the opposite."""
    return [
        int(np.sign(scores[i] - scores[j]))
        for i, j in itertools.permutations(range(len(value)), 2)
        if value[i] == value[j] and direction[i] > direction[j] and not np.isnan(scores[i] + scores[j])
    ]  # fmt: skip


def stability(scores, value, direction):
    first = scores[:, 0]
    seen = [column[~np.isnan(column)] for column in first.T]
    used = [x for x in seen if len(x) > 1]
    opposite = [a * b < 0 for x in used for a, b in itertools.combinations(x, 2)]
    change = np.abs(scores[:, 1] - first)
    signed = [np.sign(x) == d for row in first for x, d in zip(row, direction) if d and not np.isnan(x)]
    pairs = [ordered_pairs(row, value, direction) for row in first]
    within, between = mean(x.var(ddof=1) for x in used), np.var([x.mean() for x in seen if len(x)], ddof=1)
    return dict(
        mean_variance=within, mean_variance_population=mean(x.var() for x in used),
        mean_max_range=mean(np.ptp(x) for x in used), sign_flip_rate=mean(x.min() < 0 < x.max() for x in used),
        sign_flip_rate_pairs=mean(opposite), mean_prompt_change=mean(change[~np.isnan(change)]),
        sign_accuracy=mean(signed), ranking_accuracy_ties_half=mean(mean((s + 1) / 2 for s in own) for own in pairs),
        ranking_accuracy_ties_wrong=mean(own.count(1) / len(own) for own in pairs),
        tie_share=mean(own.count(0) / len(own) for own in pairs), pairs_per_judge=[len(own) for own in pairs],
        between_item_variance=between, variance_share=within / (within + between), items_used=len(used),
    )  # fmt: skip


def instability(seed, judges=4, items=48):
    rng = rng_of(seed, "instability")
    truth, value = rng.normal(size=items) * 4, rng.integers(4, size=items)
    direction = np.where(np.abs(truth) < 0.5, 0, np.sign(truth)).astype(int)
    scores = dict(rating=ratings(rng, truth, judges, 3, 0), ranking=ratings(rng, truth, judges, 1.5, 3))
    for own in scores.values():
        own[1:, 0, 3] = np.nan  # an item with fewer than two judges under the first prompt
    return dict(
        judges=judges, prompts=2, items=items, value=value, direction=direction, scores=scores,
        expected={method: stability(own, value, direction) for method, own in scores.items()},
    )  # fmt: skip


def ridge(x, y, lam):
    """Weights and intercept: inputs centred, penalty lam |w|^2, the intercept free."""
    off = x - x.mean(axis=0)
    w = np.linalg.solve(off.T @ off + lam * np.eye(x.shape[1]), off.T @ (y - y.mean()))
    return w, y.mean() - x.mean(axis=0) @ w


def nearest_misses(x, train, misses, neighbours=10):
    """The doubt of a text: mean |out-of-fold residual| of the training texts of highest inner product, and .1."""
    order = np.argsort(-(x @ train.T), axis=1, kind="stable")[:, :neighbours]
    return misses[order].mean(axis=1) + 0.1


def of_vectors(seed, train=90, texts=12, width=8, folds=5):
    """Intensity read off unit vectors: a ridge chosen by out-of-fold error, what it predicts, and how sure it is."""
    rng = rng_of(seed, "ridge")
    x = rng.normal(size=(train + texts, width))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    true = rng.normal(size=width)
    y = 6 * x @ true + rng.normal(size=train + texts)
    known, new, fold = x[:train], x[train:], np.arange(train) // 3 % folds  # groups of three rows
    lambdas, errors, misses = [0.01, 0.1, 1.0, 10.0], [], []
    for lam in lambdas:
        miss = np.empty(train)
        for f in range(folds):
            w, b = ridge(known[fold != f], y[:train][fold != f], lam)
            miss[fold == f] = y[:train][fold == f] - known[fold == f] @ w - b
        errors.append((miss**2).mean())
        misses.append(np.abs(miss))
    best = int(np.argmin(errors))
    w, b = ridge(known, y[:train], lambdas[best])
    inputs, expected = with_doubt(rng_of(seed, "conformal"), known, misses[best], new, w, b, true)
    return dict(
        train=dict(x=known, y=y[:train], fold=fold), lambdas=lambdas, **inputs,
        expected=dict(cv_mse=errors, best_lambda=lambdas[best], w=w, b=b, **expected),
    )  # fmt: skip


def with_doubt(rng, known, misses, new, w, b, true, n=60, alpha=0.1, floor=0.2, kappa=1.0):
    """Doubt, split conformal on further texts, answers and the profile of all texts; limits that leave out some."""
    x = rng.normal(size=(n, known.shape[1]))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = 6 * x @ true + rng.normal(size=n)
    relevance = rng.uniform(0.05, 1, size=len(new)).round(3)
    of_calibration, sigma = nearest_misses(x, known, misses), nearest_misses(new, known, misses)
    rank = math.ceil((n + 1) * (1 - alpha))
    qhat = np.sort(np.abs(y - x @ w - b) / of_calibration)[rank - 1]
    half, prediction = qhat * sigma, clip(new @ w + b)
    limit = float(np.sort(half)[len(half) * 2 // 3] + 1e-6)
    answered = (half <= limit) & (relevance >= floor)
    weight = (relevance / sigma**2)[answered]
    inputs = dict(
        calibration=dict(x=x, y=y), texts=dict(x=new, relevance=relevance), neighbours=10, alpha=alpha,
        half_width_limit=limit, relevance_floor=floor, kappa=kappa,
    )  # fmt: skip
    return inputs, dict(
        rank_of_quantile=rank, qhat=qhat, sigma_calibration=of_calibration, sigma=sigma, half_width=half,
        prediction=prediction, answered=answered, profile=weight @ prediction[answered] / (weight.sum() + kappa),
        effective_texts=weight.sum() ** 2 / (weight**2).sum(),
    )  # fmt: skip


def write(out, seed):
    write_json(out / "g_valueflow" / "calibration.json", calibration(seed))
    write_json(out / "g_valueflow" / "evaluator.json", evaluator(seed))
    write_json(out / "g_valueflow" / "instability.json", instability(seed))
    write_json(out / "g_valueflow" / "intensity.json", of_vectors(seed))
