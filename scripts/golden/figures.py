"""e_metrics: the figures of docs/METRICS.md from their definitions, candidate by candidate; cosines are exact sums."""

import itertools
import math

import numpy as np
import scipy.stats
from sklearn.neighbors import KNeighborsClassifier

from common import draw_paths, rng_of, write_json

BINS = 5
DISTANCES = ("same_l1_l2_l3", "same_l1_l2", "same_l1", "diff_l1")
NAN = math.nan


def cosine_matrix(x):
    """float32 products are exact in float64, and fsum rounds once."""
    n, wide = len(x), x.astype(np.float64)
    s = np.zeros((n, n))
    for i, j in itertools.combinations_with_replacement(range(n), 2):
        s[i, j] = s[j, i] = math.fsum(wide[i] * wide[j])
    return s


def bin_of(a, b):
    if a[0] != b[0]:
        return 4
    if a[1] != b[1]:
        return 3
    if a[2] != b[2]:
        return 2
    return 0 if a[3] == b[3] else 1


def bins(labels, a):
    found = [[] for _ in range(BINS)]
    for x, label in enumerate(labels):
        if x != a:
            found[bin_of(labels[a], label)].append(x)
    return found


def filled_pairs(found):
    return [(p, q) for p, q in itertools.combinations(range(BINS), 2) if found[p] and found[q]]


def mean(values):
    return math.fsum(values) / len(values) if values else NAN


def ranking(s, labels):
    """Expected accuracy of one drawn candidate a bin, and over all pairs of candidates; a tie is wrong."""
    expected, pooled, anchors, pairs = [], [], [], [0, 0]
    for a in range(len(labels)):
        found = bins(labels, a)
        shares, right, total = [], 0, 0
        for p, q in filled_pairs(found):
            won = sum(s[a, x] > s[a, y] for x in found[p] for y in found[q])
            shares.append(won / (len(found[p]) * len(found[q])))
            right, total = right + won, total + len(found[p]) * len(found[q])
        if shares:
            expected.append(mean(shares))
            anchors.append(right / total)
            pooled += shares
            pairs = [pairs[0] + right, pairs[1] + total]
    micro = pairs[0] / pairs[1] if pairs[1] else NAN
    return (
        dict(macro=mean(expected), micro=mean(pooled), anchors=len(expected), bin_pairs=len(pooled)),
        dict(macro=mean(anchors), micro=micro, pairs=int(pairs[1])),
    )


def picked(s, labels, rng):
    picks, shares, right, total = [], [], 0, 0
    for a in range(len(labels)):
        found = bins(labels, a)
        picks.append([int(rng.choice(own)) if own else -1 for own in found])
        won = [s[a, picks[a][p]] > s[a, picks[a][q]] for p, q in filled_pairs(found)]
        if won:
            shares.append(sum(won) / len(won))
            right, total = right + sum(won), total + len(won)
    strict = sum(share == 1 for share in shares) / len(shares) if shares else NAN
    micro = right / total if total else NAN
    return picks, dict(macro=mean(shares), micro=micro, strict=strict, anchors=len(shares), pairs=total)


def affinity(a, b, kind):
    """Equal columns; "prefix" stops at the first unlike one, "prefix_present" at the first missing one too."""
    total = 0.0
    for x, y in zip(a[:3], b[:3]):
        if kind != "columns" and (x != y or kind == "prefix_present" and x < 0):
            break
        total += x == y
    return total + 0.5 * (a[3] == b[3])


def correlation(x, y):
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return NAN
    return np.corrcoef(x, y)[0, 1]


def correlations(s, labels):
    pairs, found = list(itertools.combinations(range(len(labels)), 2)), {}
    x = np.array([s[i, j] for i, j in pairs])
    for kind in ("columns", "prefix", "prefix_present"):
        y = np.array([affinity(labels[i], labels[j], kind) for i, j in pairs])
        ranks = scipy.stats.rankdata(x), scipy.stats.rankdata(y)
        found[kind] = dict(pearson=correlation(x, y), spearman=correlation(*ranks), pairs=len(pairs))
    return found


def unit(x):
    return x / np.linalg.norm(x)


def value_vectors(x, theory, labels, level):
    sides = {}
    for row, (t, label) in enumerate(zip(theory, labels)):
        if all(part >= 0 for part in label[:level]):
            sides.setdefault((t, *label[:level]), {1: [], -1: [], 0: []})[label[3]].append(row)
    keys = sorted(k for k, side in sides.items() if side[1] and side[-1])
    vectors = [unit(unit(x[sides[k][1]].mean(0)) - unit(x[sides[k][-1]].mean(0))) for k in keys]
    out = dict(keys=keys, vectors=vectors, skipped=sorted(set(sides) - set(keys)), orthogonality=None)
    if not keys:
        return out
    per_theory, pool = {}, []
    for t in sorted({k[0] for k in keys}):
        own = [v for k, v in zip(keys, vectors) if k[0] == t]
        gaps = [1 - abs(float(a @ b)) for a, b in itertools.combinations(own, 2)]
        per_theory[t] = dict(values=len(own), pairs=len(gaps), mean=mean(gaps), median=median(gaps))
        pool += gaps
    out["orthogonality"] = dict(per_theory=per_theory, pooled_mean=mean(pool), pooled_median=median(pool))
    return out


def median(values):
    return float(np.median(values)) if values else NAN


def agreement(labels, rows, neighbours):
    columns = zip(*[[labels[i][c] == labels[j][c] for c in range(4)] for i, j in zip(rows, neighbours)])
    return dict(zip(("l1", "l2", "l3", "dir"), (sum(c) / len(rows) for c in columns)))


def neighbours(s, labels):
    """Nearest by cosine, the lower row of equals: leave one out, and the last quarter among the first three."""
    n, cut = len(labels), 3 * len(labels) // 4
    one_out = [int(np.argmax([-2 if x == i else s[i, x] for x in range(n)])) for i in range(n)]
    last = [int(np.argmax(s[i, :cut])) for i in range(cut, n)]
    return (
        dict(neighbour=one_out, acc=agreement(labels, range(n), one_out)),
        dict(train_rows=cut, neighbour=last, acc=agreement(labels, range(cut, n), last)),
    )


def nearest_by_sklearn(x, labels, cut):
    found = {}
    for column, name in enumerate(("acc_level_1", "acc_level_2", "acc_level_3", "acc_level_dir")):
        own = np.array([label[column] for label in labels])
        knn = KNeighborsClassifier(n_neighbors=1, metric="cosine", algorithm="brute").fit(x[:cut], own[:cut])
        found[name] = float((knn.predict(x[cut:]) == own[cut:]).mean())
    return found


def distances(x, labels):
    """Mean cosine distances by depth of agreement, in single precision as the published evaluator has them."""
    near, sums = x @ x.T, {name + end: [] for name in DISTANCES for end in ("", "_dir", "_diffdir")}
    for i, j in itertools.combinations(range(len(x)), 2):
        depth = max(bin_of(labels[i], labels[j]) - 1, 0)
        end = "_dir" if labels[i][3] == labels[j][3] else "_diffdir"
        for name in (DISTANCES[depth], DISTANCES[depth] + end):
            sums[name].append(np.float32(1) - near[i, j])
    means = {"mean_dist_" + k: float(np.mean(v, dtype=np.float32)) if v else NAN for k, v in sums.items()}
    apart = means["mean_dist_diff_l1"]
    ratios = {"ratio_%s_to_diff_l1" % k: v / apart for k, v in means.items() if "diff_l1" not in k}
    return means | ratios


def evaluator(x, labels, ranked):
    pairs = list(itertools.combinations(range(len(labels)), 2))
    s = x @ x.T
    y = np.array([affinity(labels[i], labels[j], "columns") for i, j in pairs])
    nothing = ranked["pairs"] == 0
    return distances(x, labels) | {
        "rank_acc_pairwise": 0.0 if nothing else ranked["micro"], "rank_acc_strict": 0.0 if nothing else ranked["strict"],
        "sim_corr": correlation(np.array([s[i, j] for i, j in pairs]), y),
    }  # fmt: skip


def embed(rng, theory, labels, dim, follow=1.0):
    """Unit vectors that lean on a centre for every node of the path, to the side the direction says, and on noise."""
    centre, rows = {}, []
    for t, label in zip(theory, labels):
        row = rng.normal(size=dim) * 0.8
        for key in [(t, *label[:k]) for k in range(1, 4) if label[k - 1] >= 0]:
            pair = centre.setdefault(key, rng.normal(size=(2, dim)))
            row = row + follow * (0.6 * pair[0] + 0.5 * label[3] * pair[1])
        rows.append(unit(row))
    return np.array(rows, dtype=np.float32)


def draw(seed, name, n, theories, dim, follow=1.0, **tree):
    rng = rng_of(seed, "metrics", name)
    theory, levels = draw_paths(rng, n, theories, **tree)
    labels = [[*path, int(d)] for path, d in zip(levels, rng.choice([-1, 1], n))]
    return dict(name=name, n=n, dim=dim, theory=theory, labels=labels, embeddings=embed(rng, theory, labels, dim, follow))


def cases(seed, dim=12):
    yield draw(seed, "three_levels", 60, [0], dim, branches=2)
    yield draw(seed, "two_levels", 44, [1], dim, depths={1: 2})
    yield draw(seed, "one_level", 37, [2], dim, depths={2: 1})
    yield draw(seed, "theories_and_stops", 90, [0, 1, 2], dim, depths={0: 3, 1: 2, 2: 1}, branches=2, stop=0.2)
    yield draw(seed, "no_relation", 40, [0], dim, follow=0.0, branches=2)
    equal = draw(seed, "equal_rows_and_shared_ids", 42, [0], dim, branches=2)
    for label in equal["labels"]:
        label[2] %= 10  # level-3 ids that mean another node under another parent
    equal["embeddings"][5:10] = equal["embeddings"][0:5]
    yield equal
    alike = draw(seed, "one_label", 9, [0], dim, branches=1)
    for label in alike["labels"]:
        label[3] = 1
    yield alike


def write(out, seed):
    found = []
    for case in cases(seed):
        x, labels = case["embeddings"], case["labels"]
        s = cosine_matrix(x)
        expected, all_pairs = ranking(s, labels)
        picks, ranked = picked(s, labels, rng_of(seed, "picks", case["name"]))
        one_out, train_eval = neighbours(s, labels)
        by_sklearn = nearest_by_sklearn(x, labels, train_eval["train_rows"])
        if list(by_sklearn.values()) != list(train_eval["acc"].values()):
            raise SystemExit("%s: scikit-learn breaks a tie otherwise: choose another seed" % case["name"])
        found.append(case | dict(
            ranking_expected=expected, ranking_all_pairs=all_pairs, picks=picks, ranking_picks=ranked,
            similarity_correlation=correlations(s, labels), nn_leave_one_out=one_out, nn_train_eval=train_eval,
            value_vectors={level: value_vectors(x.astype(np.float64), case["theory"], labels, level) for level in (1, 2, 3)},
            authors_evaluator=evaluator(x, labels, ranked), authors_evaluator_knn=by_sklearn,
        ))  # fmt: skip
    write_json(out / "e_metrics" / "metrics.json", {"cases": found})
