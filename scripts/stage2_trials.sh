#!/usr/bin/env bash
# What Stage 2 adds to Stage 1 or costs, by kind of bank and against its controls, on held-out rows.
#
#   scripts/stage2_trials.sh DATA OUT [SEED…]      DATA is the output of scripts/stage2_data.sh
#
# For each seed: Stage 1, then from its weights, for as many steps at the same rate: more of Stage 1 (what
# further steps alone give), Stage 2 with encoded and with learned banks, each also with permuted anchor ids,
# and with the authors' batching. Every model is compared with Stage 1's on the test part; OUT/SEED/*.json.
#
#   STEPS=1000 RATE=1e-3  of Stage 1     STEPS2=250 RATE2=1e-4  of Stage 2
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
DATA=$(realpath "$1") OUT=$(realpath -m "$2")
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")/.."
BIN=${BIN:-bin} STEPS=${STEPS:-1000} RATE=${RATE:-1e-3} STEPS2=${STEPS2:-250} RATE2=${RATE2:-1e-4}

for seed in "${@:-1}"; do
  dir=$OUT/$seed
  mkdir -p "$dir"
  fit() {
    local name=$1
    shift
    "$BIN/train" --max-length 64 --data "$DATA/train.parquet" --validation "$DATA/validation.parquet" --seed "$seed" \
      --validate-every 0 --checkpoint-every 0 --set log.keep_checkpoints=1 --out "$dir/$name" --resume "$@"
  }
  second() {
    local name=$1 stage=$2
    shift 2
    fit "$name" --stage="$stage" --from "$dir/stage1" --steps "$STEPS2" --learning-rate "$RATE2" "$@"
    "$BIN/hives" evaluate --model "$dir/$name/final" --data "$DATA/test.parquet" \
      --control untrained="$dir/stage1/final" --json > "$dir/$name.json"
  }
  fit stage1 --stage=1 --model random:demo/model --steps "$STEPS" --learning-rate "$RATE"
  bank=(--theory-bank "$DATA/theory.parquet")
  second more 1
  second encoded 2 "${bank[@]}"
  second encoded-permuted 2 "${bank[@]}" --permute-anchors
  second learned 2 "${bank[@]}" --banks learned
  second learned-permuted 2 "${bank[@]}" --banks learned --permute-anchors
  second authors 2 "${bank[@]}" --batching authors
done
