"""The nearest stored vectors here and by NumPy (OpenBLAS), in turns in one run. See search.sh."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

THREADS = int(os.environ["OMP_NUM_THREADS"])  # search.sh sets it, before NumPy reads it

import numpy as np  # noqa: E402

ROUNDS = 15
QUERIES = 16  # main.go agrees
WIDTH = 1024
NEAREST = 10
SEED = 22


def vectors(count: int, path: pathlib.Path) -> np.ndarray:
    """Random unit vectors, the queries last, drawn block by block: 10⁶ of them are 4 GB."""
    rng = np.random.default_rng(SEED)
    out = np.empty((count + QUERIES, WIDTH), np.float32)
    for at in range(0, len(out), 4096):
        block = rng.standard_normal((min(4096, len(out) - at), WIDTH), dtype=np.float32)
        out[at : at + 4096] = block / np.linalg.norm(block, axis=1, keepdims=True)
    out.tofile(path)
    return out


class Ours:
    name = "hives"

    def __init__(self, binary: str, path: pathlib.Path) -> None:
        command = [binary, str(path), str(WIDTH), str(NEAREST)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.process.stdout.readline() == "ready\n", "the Go side did not start"

    def ask(self, query: int) -> tuple[float, float, list[int]]:
        self.process.stdin.write(f"{query}\n")
        wall, used, places = self.process.stdout.readline().split()
        return float(wall), float(used), [int(p) for p in places.split(",")]


class NumPy:
    name = f"NumPy {np.__version__}"

    def __init__(self, rows: np.ndarray) -> None:
        self.stored, self.queries = rows[:-QUERIES], rows[-QUERIES:]

    def ask(self, query: int) -> tuple[float, float, list[int]]:
        wall, used = time.perf_counter(), time.process_time()
        cosine = self.stored @ self.queries[query]
        places = np.argpartition(-cosine, NEAREST)[:NEAREST]
        places = places[np.argsort(-cosine[places])]
        return time.perf_counter() - wall, time.process_time() - used, places.tolist()


def main(binary: str, work: str, count: str) -> None:
    path = pathlib.Path(work) / "vectors.f32"
    rows = vectors(int(count), path)
    sides = [Ours(binary, path), NumPy(rows)]
    path.unlink()
    took: dict[str, list[tuple[float, float]]] = {side.name: [] for side in sides}
    differ = 0
    for turn in range(ROUNDS):
        answers = [side.ask(turn % QUERIES) for side in sides]
        differ += answers[0][2] != answers[1][2]
        for side, (wall, used, _) in zip(sides, answers, strict=True):
            took[side.name].append((wall, used))
    size = (len(rows) - QUERIES) * WIDTH * 4
    print(f"{count} × {WIDTH}, the {NEAREST} nearest, {ROUNDS} turns, {THREADS} thread(s), load {os.getloadavg()[0]:.1f}")
    print(f"answers that differ: {differ} (NumPy ranks in float32)")
    for name, times in took.items():
        wall, used = (statistics.median(t[k] for t in times) for k in (0, 1))
        best = min(w for w, _ in times)
        print(f"{name:14} wall {wall * 1e3:7.1f} ms (best {best * 1e3:.1f})   processor {used * 1e3:7.1f} ms   {size / best / 1e9:5.1f} GB/s at best")


if __name__ == "__main__":
    main(*sys.argv[1:])
