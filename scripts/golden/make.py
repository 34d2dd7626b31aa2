#!/usr/bin/env python3
"""Make the reference values that the tests called TestGolden… compare with.

    scripts/golden.sh                      writes internal/rig/goldentest/testdata with the pinned packages
    scripts/golden.sh --out DIR --seed 7   another set of the same layout, for HIVES_GOLDEN=DIR

Everything is drawn from the seed. Two runs on one machine give the same bytes; another processor may
move the last digits of what PyTorch computes.
"""

import argparse
import json
import pathlib
import sys

import numpy
import scipy
import sklearn
import tokenizers
import torch
import transformers

import bert
import decoder
import figures
import finetune
import intensities
import losses
import merges
import optimizer
import profiles
import qwen3
import rankings
import statistics_of_values
import steering
import tokens

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = 20261129


def versions():
    packages = (torch, transformers, tokenizers, numpy, scipy, sklearn)
    return {"python": sys.version.split()[0]} | {p.__name__: p.__version__ for p in packages}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "internal" / "rig" / "goldentest" / "testdata")
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    report = {"seed": args.seed, "versions": versions()}
    for part in (qwen3, bert, decoder, finetune, tokens, losses, optimizer, figures, rankings, intensities, profiles, merges, statistics_of_values, steering):
        report |= part.write(args.out, args.seed) or {}
        print("wrote what %s.py makes" % part.__name__, file=sys.stderr)
    (args.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
