"""Utilities from pairs by choix: PAIRS TEXTS METHOD. bench/rank.go writes the pairs."""

import importlib.metadata
import sys

import choix
import numpy as np
from common import serve

RIDGE = 0.01


def main(path, texts, method):
    pairs = [tuple(pair) for pair in np.fromfile(path, "<i4").reshape(-1, 2).tolist()]
    options = {"alpha": RIDGE / 2, "method": "Newton-CG"} if method == "opt_pairwise" else {"alpha": 0.0}

    def turn(_):
        theta = np.asarray(getattr(choix, method)(int(texts), pairs, **options))
        return theta - theta.mean()

    serve(f"choix {importlib.metadata.version('choix')}", turn)


main(*sys.argv[1:])
