"""g_valueflow, utilities from orders: Plackett-Luce fits, the paper's solver, the bootstrap, judges, place bias.

From the formulas of docs/INTENSITY.md in float64, stage by stage, with dense Newton steps and pseudo-inverses.
"""

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.sparse
import scipy.special
import scipy.stats
from scipy.sparse.csgraph import connected_components

from common import rng_of, write_json

RIDGE, GHOST = 0.01, 0.5
PRIOR_SD = dict(theta=3.0, log_beta=0.5, bias=1.0)


def gumbel_order(rng, items, utility):
    """A Plackett-Luce draw: the items by utility plus Gumbel noise, the best first."""
    items = np.asarray(items)
    return [int(i) for i in items[np.argsort(-(np.asarray(utility)[items] + rng.gumbel(size=len(items))))]]


def log_likelihood(theta, rankings, weights):
    """ℓ, its gradient, and the observed information −ℓ″, summed over all stages of all rankings."""
    n = len(theta)
    value, gradient, information = 0.0, np.zeros(n), np.zeros((n, n))
    for order, weight in zip(rankings, weights):
        for stage in range(len(order) - 1):
            left = np.array(order[stage:])
            total = np.logaddexp.reduce(theta[left])
            p = np.exp(theta[left] - total)
            value += weight * (theta[left[0]] - total)
            gradient[left[0]] += weight
            gradient[left] -= weight * p
            information[np.ix_(left, left)] += weight * (np.diag(p) - np.outer(p, p))
    return value, gradient, information


def maximise(n, rankings, weights, ridge=0.0):
    """The centred maximum of ℓ − ridge/2 Σ(θ−θ̄)², by Newton's steps halved until they go uphill."""
    middle = np.full((n, n), 1 / n)

    def at(theta):
        value, gradient, information = log_likelihood(theta, rankings, weights)
        off = theta - theta.mean()
        return value - ridge / 2 * off @ off, gradient - ridge * off, information + ridge * (np.eye(n) - middle)

    theta = np.zeros(n)
    value, gradient, information = at(theta)
    for _ in range(100):
        step = np.linalg.solve(information + middle, gradient)
        step *= min(1, 3 / np.abs(step).max())
        share = 1.0
        while at(theta + share * step)[0] < value - 1e-12 * abs(value):
            share /= 2
        theta = theta + share * step
        theta -= theta.mean()
        value, gradient, information = at(theta)
        if np.abs(share * step).max() < 1e-13:
            break
    if np.abs(gradient).max() > 1e-10:
        raise SystemExit("a Plackett-Luce fit has not settled: choose another seed")
    return theta, value, gradient, information


def root_diagonal(covariance):
    return np.sqrt(np.diag(covariance))


def mle(n, rankings, weights):
    theta, value, gradient, h = maximise(n, rankings, weights)
    covariance = np.linalg.pinv(h, hermitian=True)
    d = np.diag(h)
    others = (h**2 / np.outer(d, d)).sum(1) - 1
    difference = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    return dict(
        theta=theta, loglik=value, se=root_diagonal(covariance), se_diagonal=np.sqrt((1 + others) / d),
        se_difference_0_1=np.sqrt(difference), max_abs_gradient=np.abs(gradient).max(),
    )  # fmt: skip


def ridge_fit(n, rankings, weights):
    theta, value, _, h = maximise(n, rankings, weights, RIDGE)
    # Over Σθ = 0 the ridge makes h regular; the pseudo-inverse leaves the direction of all ones out.
    se = root_diagonal(np.linalg.pinv(h, hermitian=True))
    return dict(theta=theta, penalised_loglik=value, loglik=log_likelihood(theta, rankings, weights)[0], se=se)


def ghost_fit(n, rankings, weights):
    """Every item beats item n with weight ½ and loses to it with weight ½."""
    more = [[i, n] for i in range(n)] + [[n, i] for i in range(n)]
    theta, value, _, h = maximise(n + 1, rankings + more, list(weights) + [GHOST] * (2 * n))
    a = np.hstack([np.eye(n) - 1 / n, np.zeros((n, 1))])
    theta = theta - theta[:n].mean()
    covariance = a @ np.linalg.pinv(h, hermitian=True) @ a.T
    loglik = log_likelihood(theta[:n], rankings, weights)[0]
    return dict(theta=theta[:n], ghost=theta[n], loglik_with_ghost=value, loglik=loglik, se=root_diagonal(covariance))


def graph(n, rankings):
    above = np.zeros((n, n))
    appearances, wins, losses = (np.zeros(n, int) for _ in range(3))
    for order in rankings:
        for place, item in enumerate(order):
            appearances[item] += 1
            losses[item] += place
            wins[item] += len(order) - 1 - place
        for a, b in zip(order, order[1:]):
            above[a, b] = 1
    matrix = scipy.sparse.csr_matrix(above)
    weak, label = connected_components(matrix, connection="weak")
    return dict(
        weak_components=weak, weak_label=label, strong_components=connected_components(matrix, connection="strong")[0],
        undefeated=np.flatnonzero((losses == 0) & (wins > 0)), winless=np.flatnonzero((wins == 0) & (losses > 0)),
        appearances=appearances, wins=wins, losses=losses,
    )  # fmt: skip


def windows(rng, theta, count, sizes, among=None):
    """Rankings of random windows, drawn until every item stood in one."""
    among, found = np.arange(len(theta)) if among is None else among, []
    while len(found) < count or len({i for order in found for i in order}) < len(among):
        chosen = rng.choice(among, rng.choice(sizes), replace=False)
        found.append(gumbel_order(rng, chosen, theta))
    return found


def undefeated(rng, n=10):
    """Item 0 stands before all, and the last item behind all, wherever they are shown."""
    theta = rng.normal(size=n) * 1.5
    theta[0], theta[-1] = 60, -60
    return windows(rng, theta, 26, [2, 3])


def disconnected(rng, n=9, cut=4):
    theta = rng.normal(size=n) * 1.5
    return windows(rng, theta, 14, [2], np.arange(cut)) + windows(rng, theta, 16, [3], np.arange(cut, n))


def fit_inputs(seed):
    rng = rng_of(seed, "rankings")
    yield "mixed", 24, windows(rng, rng.normal(size=24) * 1.2, 260, [2, 3, 4, 5, 6]), None
    # Every item beats the next one round a ring once, so that the maximum is finite.
    ring = [[i, (i + 1) % 30] for i in range(30)]
    pairs = windows(rng, rng.normal(size=30) * 1.2, 300, [2]) + ring
    yield "binary", 30, pairs, None
    yield "binary_weighted", 30, pairs, [round(float(w), 3) for w in rng.uniform(0.2, 2, len(pairs))]
    yield "undefeated", 10, undefeated(rng), None
    yield "disconnected", 9, disconnected(rng), None


def fits(seed):
    cases = []
    for name, n, rankings, weights in fit_inputs(seed):
        w = weights or [1.0] * len(rankings)
        shown = "same as binary" if name == "binary_weighted" else rankings
        case = dict(name=name, items=n, rankings=shown, weights=weights, graph=graph(n, rankings))
        if case["graph"]["strong_components"] == 1:
            case["mle"] = mle(n, rankings, w)
        cases.append(case | dict(ridge_0_01=ridge_fit(n, rankings, w), ghost_0_5=ghost_fit(n, rankings, w)))
    return cases


def published_gradient(s, rankings):
    """The paper's update, letter by letter: the exponentials of one window, shifted by their largest."""
    g = np.zeros(len(s))
    for order in rankings:
        e = np.exp(s[order] - max(s[order]))
        for j in range(len(order) - 1):
            below = e[j:].sum()
            g[order[j]] += 1 - e[j] / below
            for later in range(j + 1, len(order)):
                g[order[later]] -= e[later] / below
    return g


def published_solver(s0, rankings, rate=0.05, eps=1e-5, epochs=50):
    s, norms, logliks, path = s0.copy(), [], [], []
    for _ in range(epochs):
        step = rate * published_gradient(s, rankings)
        s = s + step
        norms.append(np.linalg.norm(step))
        logliks.append(log_likelihood(s, rankings, [1.0] * len(rankings))[0])
        path.append(s)
        if norms[-1] < eps:
            break
    return norms, logliks, path


def oscillating(rng, n=10, pairs=1100):
    rankings = windows(rng, rng.normal(size=n), pairs, [2])
    s0 = rng.normal(size=n) * 0.01
    norms = published_solver(s0, rankings)[0]
    information = log_likelihood(np.zeros(n), rankings, [1.0] * len(rankings))[2]
    largest = np.linalg.eigvalsh(information).max()
    if norms[-1] <= 1 or not any(b > a for a, b in zip(norms, norms[10:])):
        raise SystemExit("the paper's solver settles where it should not: choose another seed")
    return dict(
        items=n, rankings=rankings, s0=s0, appearances=graph(n, rankings)["appearances"],
        largest_eigenvalue_of_information_at_zero=largest, stable_step_below=2 / largest,
        epochs_run=len(norms), step_norm=norms,
    )  # fmt: skip


def trace(seed, mixed):
    rng = rng_of(seed, "trace")
    rankings, s0 = mixed["rankings"], rng.normal(size=mixed["items"]) * 0.01
    norms, logliks, path = published_solver(s0, rankings)
    kept = {e: path[e - 1] for e in (1, 2, 3, 5, 10, 20, 30, 40, 50) if e <= len(path)}
    away = np.abs(path[-1] - path[-1].mean() - mixed["mle"]["theta"]).max()
    return dict(
        rankings="pl_fit.json case mixed", s0=s0, lr=0.05, eps=1e-5, max_epochs=50,
        first_gradient=published_gradient(s0, rankings), epochs_run=len(norms), step_norm=norms, loglik=logliks,
        s=kept, distance_to_mle=away, oscillating=oscillating(rng),
    )  # fmt: skip


def bootstrap(seed, n=12, draws=20):
    rng = rng_of(seed, "bootstrap")
    rankings = windows(rng, rng.normal(size=n), 60, [3])
    counts = rng.multinomial(len(rankings), [1 / len(rankings)] * len(rankings), size=draws)
    theta = np.array([ghost_fit(n, rankings, c)["theta"] for c in counts])
    lo, hi = np.quantile(theta, [0.025, 0.975], axis=0)
    point = ghost_fit(n, rankings, [1.0] * len(rankings))["theta"]
    return dict(
        items=n, rankings=rankings, counts=counts, prior="ghost 0.5", point=point, theta=theta,
        sd=theta.std(axis=0, ddof=1), lo95=lo, hi95=hi,
    )  # fmt: skip


def judge_objective(votes, n, judges):
    """−log posterior of P(first wins) = σ(β(θ_a − θ_b) + b) over θ, log β, b with Σθ = Σ log β = 0, and its gradient.

    The coordinates are n − 1, judges − 1 and judges numbers: an orthonormal basis keeps both sums at 0.
    """
    judge, a, b, won = np.array(votes).T
    basis = scipy.linalg.block_diag(
        scipy.linalg.null_space(np.ones((1, n))), scipy.linalg.null_space(np.ones((1, judges))), np.eye(judges)
    )
    sd = np.repeat(list(PRIOR_SD.values()), [n, judges, judges])
    votes_at = np.arange(len(votes))

    def at(y):
        x = basis @ y
        beta, gap = np.exp(x[n + judge]), x[a] - x[b]
        z = beta * gap + x[n + judges + judge]
        signed = np.where(won == 1, z, -z)
        value = np.logaddexp(0, -signed).sum() + ((x / sd) ** 2).sum() / 2
        slope = np.zeros((len(votes), len(x)))
        slope[votes_at, a], slope[votes_at, b] = beta, -beta
        slope[votes_at, n + judge], slope[votes_at, n + judges + judge] = beta * gap, 1
        return value, basis.T @ (slope.T @ (scipy.special.expit(z) - won) + x / sd**2)

    return at, basis


def judge_model(seed, n=20, judges=4, count=800):
    rng = rng_of(seed, "judges")
    theta, beta, bias = rng.normal(size=n), np.exp(rng.normal(size=judges) * 0.35), rng.normal(size=judges) * 0.6
    votes = []
    for at in range(count):
        judge, (a, b) = at % judges, rng.choice(n, 2, replace=False)
        p = scipy.special.expit(beta[judge] * (theta[a] - theta[b]) + bias[judge])
        votes.append([judge, int(a), int(b), int(rng.random() < p)])
    at, basis = judge_objective(votes, n, judges)
    start = scipy.optimize.minimize(at, np.zeros(basis.shape[1]), jac=True, method="BFGS").x
    end = scipy.optimize.root(lambda y: at(y)[1], start, tol=1e-12).x
    value, gradient = at(end)
    if np.abs(gradient).max() > 1e-8:
        raise SystemExit("the judge model has not settled: choose another seed")
    x = basis @ end
    expected = dict(theta=x[:n], beta=np.exp(x[n : n + judges]), bias=x[n + judges :], objective=value)
    return dict(
        items=n, judges=judges, votes_judge_first_second_firstwins=votes, prior_sd=PRIOR_SD,
        true=dict(theta=theta, beta=beta, bias=bias), expected=expected, tolerance=1e-4,
    )  # fmt: skip


def first_share(first, n):
    test = scipy.stats.binomtest(first, n)
    return dict(
        n=n, first=first, share=first / n, p_two_sided=test.pvalue,
        wilson95=[float(end) for end in test.proportion_ci(0.95, method="wilson")],
    )  # fmt: skip


def winners(counts):
    test = scipy.stats.chisquare(counts)
    return dict(top_position_counts=counts, chi2=test.statistic, dof=len(counts) - 1, p=test.pvalue)


def bias(seed):
    rng = rng_of(seed, "bias")
    drawn = [(int(rng.binomial(n, p)), n) for n, p in ((80, 0.6), (1200, 0.53), (4000, 0.51), (33, 0.4))]
    two = [first_share(*x) for x in [(50, 100), (41, 41), (0, 13), (1, 1), (0, 1)] + drawn]
    tops = [rng.multinomial(400, p).tolist() for p in ([0.25] * 4, [0.3, 0.2, 0.2, 0.15, 0.15])]
    k_way = [winners(counts) for counts in [[12, 12, 12], [7, 0], *tops]]
    pairs = [dict(forward=int(f), reverse=int(r)) for f, r in rng.integers(1, 3, (45, 2))]
    places = [(p["forward"], p["reverse"]) for p in pairs]
    swap = dict(
        pairs=pairs, consistency=sum(f != r for f, r in places) / 45,
        first_both=places.count((1, 1)) / 45, second_both=places.count((2, 2)) / 45,
    )  # fmt: skip
    return dict(two=two, k_way=k_way, swap=swap)


def write(out, seed):
    folder, cases = out / "g_valueflow", fits(seed)
    write_json(folder / "pl_fit.json", {"cases": cases})
    write_json(folder / "pl_trace.json", trace(seed, cases[0]))
    write_json(folder / "bootstrap.json", bootstrap(seed))
    write_json(folder / "judge_model.json", judge_model(seed))
    write_json(folder / "bias.json", bias(seed))
