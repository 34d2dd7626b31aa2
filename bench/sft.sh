#!/usr/bin/env bash
# Sets fine-tuning on answers here beside a loop of PyTorch, transformers and PEFT: the same weights, rows, adapters and
# threads, in turns, in one run. Processor seconds of a step and peak memory.
#
#   bench/sft.sh [ROUNDS]          5 rounds unless told otherwise; minutes
#   THREADS=2 bench/sft.sh         one thread unless told otherwise: threads that wait spin, and spinning counts as work
#
# Needs the environment of scripts/pytorch_env.sh, which is made at first.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
missing() { echo "bench/sft: $*" >&2; exit 1; }
source "$here/scripts/pytorch_env.sh"
work=${HIVES_CACHE:-$here/.cache}/bench-sft
mkdir -p "$work"
model=$("$here/scripts/download_smollm2.sh" | tail -n 1)
(cd "$here" && GOEXPERIMENT=${GOEXPERIMENT-simd} go build -o "$work/" ./cmd/train ./cmd/hives)
# PyTorch reads float32 weights: those that the quantised file stands for, which training here starts from too.
[ -e "$work/base/model.safetensors" ] || "$work/hives" export --model "$model" --out "$work/base" >/dev/null
export OMP_NUM_THREADS=${THREADS:-1} PYTHONPATH=$here/scripts/vcai_trial
rm -f "$work/turns.json"
"$python" "$here/bench/sft/beside_peft.py" "$work/train" "$work/base" "$work" "${1:-5}"
# Its row of bench/results.json and docs/BENCHMARKS.md.
(cd "$here" && go run ./bench --record sft <"$work/turns.json")
