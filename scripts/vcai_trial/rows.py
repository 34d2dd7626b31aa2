#!/usr/bin/env python3
"""Writes the rows of scripts/vcai_trial.sh: python3 rows.py OUT [SEED…]

For each seed a third of each value's questions is held out, by hash, so that seeds hold out other ones. OUT/SEED holds
    VALUE.plus.jsonl, VALUE.minus.jsonl   the answers of one value at +2 or at -2; held-out questions at both, as validation
    VALUE.mixed.jsonl                     the control: in half of the questions the levels have changed places
    hybrid.plus.jsonl, hybrid.minus.jsonl the answers of all values at one level, shuffled
    test.jsonl                            held-out questions of all values at both levels
"""

import hashlib
import json
import pathlib
import sys

from answers import VALUES


def order(items: list, *key: object) -> list:
    """A permutation that is a function of the key alone."""
    return sorted(items, key=lambda x: hashlib.sha256(json.dumps([*key, x]).encode()).digest())


def row(value: str, number: int, level: int, said: int, split: str) -> dict:
    """An answer as a line of a file: level is what it is filed under, said what it says."""
    question, plus, minus = VALUES[value][number]
    name = f"{value.split(':')[1]}-{number + 1}"
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": plus if said > 0 else minus}]
    return {"messages": messages, "value_id": value, "level": level, "question_id": name, "group": name, "split": split}


def write(path: pathlib.Path, rows: list) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))


def main() -> None:
    out, seeds = pathlib.Path(sys.argv[1]), [int(s) for s in sys.argv[2:]] or [1, 2, 3]
    for seed in seeds:
        here = out / str(seed)
        here.mkdir(parents=True, exist_ok=True)
        test, both = [], {2: [], -2: []}
        for value in VALUES:
            name = value.split(":")[1]
            asked = order(list(range(len(VALUES[value]))), "hold out", seed, value)
            held, known = asked[: len(asked) // 3], asked[len(asked) // 3 :]
            validation = [row(value, n, level, level, "validation") for n in held for level in (2, -2)]
            test += [{**r, "split": "test"} for r in validation]
            for level, word in ((2, "plus"), (-2, "minus")):
                rows = [row(value, n, level, level, "train") for n in known]
                both[level] += rows
                write(here / f"{name}.{word}.jsonl", rows + validation)
            turned = order(known, "turned", seed, value)[: len(known) // 2]
            write(here / f"{name}.mixed.jsonl", [row(value, n, 2, -2 if n in turned else 2, "train") for n in known] + validation)
        for level, word in ((2, "plus"), (-2, "minus")):
            write(here / f"hybrid.{word}.jsonl", order(both[level], "shuffle", seed) + [{**r, "split": "validation"} for r in test])
        write(here / "test.jsonl", test)


main()
