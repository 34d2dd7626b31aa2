#!/usr/bin/env python3
"""What came of scripts/vcai_trial.sh, as Markdown: python3 report.py OUT SEED…

A change is the log-odds of a held-out question's answer for the value against the one against it, less the base's. Means are
over questions and seeds; intervals are a 95 % bootstrap that draws questions, since a question is held out by several seeds.
"""

import json
import math
import pathlib
import random
import statistics
import sys

VALUES = ("svt:benevolence", "svt:power")
DRAWS = 2000


def odds(folder: pathlib.Path) -> dict[tuple[str, str], float]:
    """By value and question."""
    rows = [json.loads(line) for line in (folder / "items.jsonl").read_text().splitlines()]
    return {(r["group"], r["id"]): r["total"][0] - r["total"][1] for r in rows if "why" not in r}


def interval(by_question: dict[str, list[float]]) -> tuple[float, float]:
    rng, names, means = random.Random(1), sorted(by_question), []
    for _ in range(DRAWS):
        drawn = [x for name in rng.choices(names, k=len(names)) for x in by_question[name]]
        means.append(statistics.mean(drawn))
    means.sort()
    return means[DRAWS * 25 // 1000], means[DRAWS * 975 // 1000]


def changes(all_odds: dict, name: str, against: str, value: str) -> tuple[dict[str, list[float]], list[float]]:
    """Differences by question, and their means by seed."""
    by_question, by_seed = {}, []
    for runs in all_odds.values():
        if name not in runs or against not in runs:
            continue
        here = {q: x - runs[against][v, q] for (v, q), x in runs[name].items() if v == value}
        by_seed.append(statistics.mean(here.values()))
        for q, x in here.items():
            by_question.setdefault(q, []).append(x)
    return by_question, by_seed


def cell(by_question: dict, by_seed: list[float]) -> str:
    if not by_seed:
        return "–"
    low, high = interval(by_question)
    every = [x for xs in by_question.values() for x in xs]
    up = sum(x > 0 for x in every)
    return f"{statistics.mean(every):+.2f} ({low:+.2f} to {high:+.2f}); {up} of {len(every)} up; seeds {' '.join(f'{s:+.2f}' for s in by_seed)}"


def main() -> None:
    out, seeds = pathlib.Path(sys.argv[1]), sys.argv[2:]
    all_odds = {s: {p.name: odds(p) for p in sorted((out / "pairs" / s).iterdir()) if (p / "result.json").exists()} for s in seeds}
    names = sorted({n for runs in all_odds.values() for n in runs} - {"base"})
    base = {v: statistics.mean(x for runs in all_odds.values() for (w, _), x in runs["base"].items() if w == v) for v in VALUES}
    print("log-odds of the base: " + ", ".join(f"{v.split(':')[1]} {x:.2f}" for v, x in base.items()) + "\n")
    print("| model | change in benevolence | change in power |\n|---|---|---|")
    for name in names:
        print(f"| {name} | " + " | ".join(cell(*changes(all_odds, name, "base", v)) for v in VALUES) + " |")
    print("\nWhat the level alone does: the same question and seed, trained on other answers.\n\n| models | benevolence | power |\n|---|---|---|")
    pairs = [(f"{v}.plus", f"{v}.{other}") for v in ("benevolence", "power") for other in ("minus", "mixed")]
    for a, b in [*pairs, ("benevolence.minus", "benevolence.mixed"), ("linear.plus", "benevolence.minus")]:
        print(f"| {a} less {b} | " + " | ".join(cell(*changes(all_odds, a, b, v)) for v in VALUES) + " |")
    print("\nFused models against the average of the same experts:\n\n| model | benevolence | power | largest distance of a tensor |\n|---|---|---|---|")
    for name in ("karcher.plus", "deltas.plus", "hybrid.plus"):
        off = []
        for s in seeds:
            file = out / "runs" / s / name / "final" / "fusion.json"
            if file.exists():
                off.append(max(t["from_linear"] for t in json.loads(file.read_text())["tensors"]))
        far = f"{max(off):.1e}" if off else "–"
        print(f"| {name} | " + " | ".join(cell(*changes(all_odds, name, "linear.plus", v)) for v in VALUES) + f" | {far} |")
    for v in VALUES:
        by_seed = changes(all_odds, "linear.plus", "base", v)[1]
        if len(by_seed) > 1:
            print(f"\nBetween seeds the average's change in {v.split(':')[1]} has a standard deviation of {statistics.stdev(by_seed):.2f}.")


main()
