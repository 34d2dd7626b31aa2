#!/usr/bin/env python3
"""Writes what scripts/vcai_trial.sh asks: python3 questionnaire.py OUT INVENTORY PORT MODEL SEED, or --build OUT PORT MODEL

OUT/questionnaire gets items.json (the two values' questions of the inventory), a configuration for each model of the seed that
is there, and points.json (which value and degree each was trained on).
"""

import json
import pathlib
import sys

from answers import VALUES

SCALES = ("BED", "BEC", "POD", "POR")
GROUPS = {"benevolence": ["BED", "BEC"], "power": ["POD", "POR"]}
LENGTH = 32

CONFIG = """parallel = 4
[[endpoints]]
name = "words"
base_url = "http://127.0.0.1:{port}/v1"
parallel = 4
[[voters]]
name = "respondent"
provider = "local"
model = "{model}"
temperature = 1.0
max_tokens = {length}
[[voters]]
name = "judge"
endpoint = "words"
model = "words"
"""


def main(out: str, inventory: str, port: str, model: str, seed: str) -> None:
    here = pathlib.Path(out) / "questionnaire"
    here.mkdir(parents=True, exist_ok=True)
    whole = json.loads(pathlib.Path(inventory).read_text())
    part = {k: whole[k] for k in ("format", "kind", "options")} | {
        "name": "two values of " + whole["name"], "note": whole["note"], "scales": {s: whole["scales"][s] for s in SCALES},
        "groups": {"two": GROUPS}, "items": [i for i in whole["items"] if i["scale"] in SCALES]}
    (here / "items.json").write_text(json.dumps(part, indent=1))
    models = {"base": model} | {p.parent.name: str(p) for p in sorted((pathlib.Path(out) / "runs" / seed).glob("*/final"))}
    points = []
    for name, folder in models.items():
        (here / f"{name}.toml").write_text(CONFIG.format(port=port, model=folder, length=LENGTH))
        value, _, level = name.partition(".")
        degree = {"plus": 2, "minus": -2}.get(level)
        if value in GROUPS and degree:
            points.append({"run": name, "value": value, "level": degree, "strategy": "one value"})
        elif degree:
            points += [{"run": name, "value": v, "level": degree, "strategy": value} for v in GROUPS]
    strategies = sorted({(p["value"], p["strategy"]) for p in points})
    points += [{"run": "base", "value": v, "level": 0, "strategy": s} for v, s in strategies]
    (here / "points.json").write_text(json.dumps({"format": 1, "points": points}, indent=1))


def build(out: str, port: str, model: str) -> None:
    """What vcai build asks: OUT/vcai.toml and OUT/vcai.jsonl."""
    here = pathlib.Path(out)
    (here / "vcai.toml").write_text(CONFIG.format(port=port, model=model, length=48).replace('"respondent"', '"writer"'))
    rows = [{"question": q, "value": v.split(":")[1]} for v, answers in VALUES.items() for q, _, _ in answers[:2]]
    (here / "vcai.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))


if sys.argv[1] == "--build":
    build(*sys.argv[2:])
else:
    main(*sys.argv[1:])
