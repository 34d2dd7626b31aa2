"""The ten nearest vectors by NumPy (OpenBLAS), for each of those at the file's end: FILE. bench/search.go writes it."""

import sys

import numpy as np
from common import serve

WIDTH = 1024
ASKED = 16
WANTED = 10


def main(path):
    rows = np.fromfile(path, "<f4").reshape(-1, WIDTH)
    stored, asked = rows[:-ASKED], rows[-ASKED:]

    def turn(_):
        out = []
        for query in asked:
            cosine = stored @ query
            places = np.argpartition(-cosine, WANTED)[:WANTED]
            out += places[np.argsort(-cosine[places])].tolist()
        return out

    serve(f"NumPy {np.__version__}", turn)


main(*sys.argv[1:])
