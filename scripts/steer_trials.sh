#!/usr/bin/env bash
# Vectors and sweeps of three values on SmolLM2-135M-Instruct, with all controls: the figures of docs/LOG.md.
#
#   scripts/steer_trials.sh HIVES MODEL OUT     HIVES: the program; MODEL: scripts/download_smollm2.sh's; OUT: a folder
#
# Some 20 minutes of processor time. A stopped run goes on where it was.
set -euo pipefail
hives=$(realpath "$1") model=$(realpath "$2")
mkdir -p "$3" && cd "$3"
vector() {
  [ -e "out/steer/$1/vector.safetensors" ] ||
    "$hives" steer vector "$1" --model "$model" --count 8 --instructions 3 --max-tokens 32 --filter none
}
sweep() {
  [ -e "out/steer/$1/sweep.json" ] ||
    "$hives" steer sweep "$1" --model "$model" --other "$2" --layers 10,15,20 --unit relative --coefficients 0.2,0.5 \
      --answers 8 --max-tokens 32 | tee "$1.txt"
}
vector benevolence && vector power && sweep benevolence power
sweep power benevolence
vector stimulation && sweep stimulation benevolence
