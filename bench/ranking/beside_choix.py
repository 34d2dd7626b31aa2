"""Plackett-Luce fits of the same pairs here and by choix. See ranking.sh.

    beside_choix.py BINARY WORK             both, on 1,000 and 10,000 texts with 30 pairs each, then our growth
    beside_choix.py one METHOD PAIRS TEXTS OUT     one fit by choix: a process of its own, for its memory
"""

import json
import math
import pathlib
import resource
import subprocess
import sys
import time

import numpy as np

SEED = 4
EACH = 30  # pairs a text, as hives vidb build has them
SPREAD = 1.6  # logits, about that of real pools
NARROW = 0.4  # so near each other that no text wins or loses all its pairs: then no prior is needed
PATIENCE = 120  # seconds of the processor for one fit
RIDGE = 0.01

# What is fitted, by whom. choix's opt_pairwise takes the penalty alpha * sum(theta^2), ours alpha/2 * sum(theta^2).
METHODS = {
    "none": ["ilsr_pairwise", "mm_pairwise"],
    f"ridge:{RIDGE}": ["opt_pairwise"],
}


def pairs(texts: int, path: pathlib.Path, spread: float) -> None:
    """Draws texts and pairs: each text meets EACH others, and wins with probability 1 / (1 + exp(-difference))."""
    rng = np.random.default_rng(SEED)
    theta = rng.normal(0, spread, texts)
    a = np.repeat(np.arange(texts), EACH)
    b = (a + rng.integers(1, texts, len(a))) % texts
    wins = rng.random(len(a)) < 1 / (1 + np.exp(theta[b] - theta[a]))
    np.stack([np.where(wins, a, b), np.where(wins, b, a)], 1).astype("<i4").tofile(path)


def one(method: str, path: str, texts: int, out: str) -> None:
    import choix

    data = [tuple(pair) for pair in np.fromfile(path, "<i4").reshape(-1, 2).tolist()]
    options = {"alpha": RIDGE / 2, "method": "Newton-CG"} if method == "opt_pairwise" else {"alpha": 0.0}
    began = time.process_time()
    theta = getattr(choix, method)(texts, data, **options)
    took = time.process_time() - began
    theta = np.asarray(theta) - np.mean(theta)
    theta.astype("<f8").tofile(out)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps({"seconds": took, "megabytes": megabytes}))


def call(command: list[str]) -> dict:
    """Runs one fit; what it took, or why there is none."""
    bound = lambda: resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))  # noqa: E731
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=bound)
    if done.returncode < 0:
        return {"why": f"no end within {PATIENCE} s"}
    if done.returncode != 0:
        return {"why": (done.stderr.strip().splitlines() or ["?"])[-1][:100]}
    return json.loads(done.stdout)


def line(texts: int, prior: str, who: str, took: dict, apart: str) -> None:
    if "why" in took:
        print(f"{texts:>7} {prior:10} {who:22} {took['why']}", flush=True)
    else:
        print(f"{texts:>7} {prior:10} {who:22} {took['seconds']:9.2f} s {took['megabytes']:8.0f} MB  {apart}", flush=True)


def beside(binary: str, work: pathlib.Path, texts: int) -> None:
    path, mine, other = work / "pairs", work / "mine", work / "other"
    for prior, methods in METHODS.items():
        pairs(texts, path, NARROW if prior == "none" else SPREAD)
        took = call([binary, str(path), str(texts), prior, str(mine)])
        line(texts, prior, "hives", took, "")
        for method in methods:
            other.unlink(missing_ok=True)
            took = call([sys.executable, __file__, "one", method, str(path), str(texts), str(other)])
            apart = ""
            if "why" not in took:
                ours, theirs = np.fromfile(mine, "<f8"), np.fromfile(other, "<f8")
                apart = f"largest difference {np.abs(ours - theirs).max():.1e} of {np.abs(ours).max():.2f} logits"
            line(texts, prior, f"choix.{method}", took, apart)


def growth(binary: str, work: pathlib.Path) -> None:
    """Our time and memory from 10^3 to 10^5 texts, with the exponent of texts in the time from 10^4 on."""
    path, mine = work / "pairs", work / "mine"
    sizes = [1000, 3000, 10000, 30000, 100000]
    seconds = []
    for texts in sizes:
        pairs(texts, path, SPREAD)
        took = min((call([binary, str(path), str(texts), "ghost:0.5", str(mine)]) for _ in range(3)), key=lambda t: t["seconds"])
        seconds.append(took["seconds"])
        line(texts, "ghost:0.5", "hives", took, f"{took['steps']} steps, {took['products']} products")
    slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
    print(f"seconds grow by the power {slope:.2f} of the texts, {math.log(seconds[-1] / seconds[2]) / math.log(10):.2f} "
          "from 10,000 on")


def main() -> None:
    if sys.argv[1] == "one":
        one(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
        return
    import choix

    binary, work = sys.argv[1], pathlib.Path(sys.argv[2])
    print(f"choix {getattr(choix, '__version__', '')}, {EACH} pairs a text; seconds are of the processor")
    growth(binary, work)
    for texts in (1000, 10000):
        beside(binary, work, texts)


if __name__ == "__main__":
    main()
