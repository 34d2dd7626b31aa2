"""Fits the vectors of a .npy file with scikit-learn's KMeans; prints costs as one JSON line.

    python -m venv venv && venv/bin/pip install scikit-learn
    venv/bin/python bench/kmeans/scikit_learn.py --vectors vectors.npy [--centre]

The counterpart is `go run ./bench/kmeans` on the same file; docs/BENCHMARKS.md holds the figures.
"""

import argparse
import json
import time

import numpy as np
import sklearn
from sklearn.cluster import KMeans


def cost(x, labels, spherical):
    """Sum of squared distances to the groups' means, or to their unit vectors."""
    total = 0.0
    for c in np.unique(labels):
        members = x[labels == c].astype(np.float64)
        centre = members.mean(0)
        if spherical:
            centre /= np.linalg.norm(centre)
        total += ((members - centre) ** 2).sum()
    return float(total)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--vectors", required=True)
    args.add_argument("--k", type=int, default=500)
    args.add_argument("--restarts", type=int, default=10)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--centre", action="store_true")
    args = args.parse_args()
    x = np.load(args.vectors)
    if args.centre:
        x = x - x.mean(0)
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    begin = time.time()
    fit = KMeans(args.k, n_init=args.restarts, random_state=args.seed, algorithm="lloyd").fit(x)
    seconds = time.time() - begin
    print(json.dumps({
        "fit": f"scikit-learn {sklearn.__version__}",
        "inertia": float(fit.inertia_),
        "cost_at_means": cost(x, fit.labels_, False),
        "cost_at_unit_centres": cost(x, fit.labels_, True),
        "passes_of_best": int(fit.n_iter_),
        "seconds": seconds,
    }))


if __name__ == "__main__":
    main()
