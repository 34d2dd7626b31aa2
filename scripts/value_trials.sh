#!/usr/bin/env bash
# Which pairs should the loss push apart, and in which order? Every treatment of false negatives with every loss, three
# seeds each, in a cheap setting: the upper layers of a pretrained base on states of the lower ones that are kept.
# Controls of equal length train each loss on labels dealt out anew inside each corpus.
#
#   scripts/value_trials.sh DATA OUT [PART…]     DATA holds train.parquet and validation.parquet (hives data split)
#
# Parts, in their order and by default all: grid control long report. A run that was stopped goes on where it stood, a
# finished one is left alone, so parts may be repeated. The report measures what has run on DATA/test.parquet, once.
#
#   BASE=minilm|smollm2      the base, brought by scripts/download_$BASE.sh
#   LAYERS=3                 frozen layers: of MiniLM's 6, or 28 of SmolLM2's 30
#   STEPS=150 RATE=3e-4      of a run of the grid
#   LONG=600 LONG_RATE=2e-4 LONG_FLAGS="--loss … --false-negatives …"     the long runs train all layers, one a seed; the
#                            first seed has its control
#   SEEDS="1 2 3"
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,17s/^# \{0,1\}//p' "$0" >&2; exit 2; }
DATA=$(realpath "$1") OUT=$(realpath -m "$2")
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")/.."
BIN=${BIN:-bin} BASE=${BASE:-minilm} STEPS=${STEPS:-150} RATE=${RATE:-3e-4} SEEDS=${SEEDS:-1 2 3}
LONG=${LONG:-600} LONG_RATE=${LONG_RATE:-2e-4} LONG_FLAGS=${LONG_FLAGS:-}
case $BASE in
  minilm) LAYERS=${LAYERS:-3} ;;
  smollm2) LAYERS=${LAYERS:-28} ;;
  *) echo "value_trials: BASE is '$BASE': want minilm or smollm2" >&2; exit 2 ;;
esac
model=$("scripts/download_$BASE.sh" | tail -n 1)
mkdir -p "$OUT"

# fit NAME STEPS RATE [flags]: one run in $OUT/runs/NAME.
fit() {
  local name=$1 steps=$2 rate=$3
  shift 3
  "$BIN/train" --model "$model" --pooling mean --max-length 48 --negatives corpus --steps "$steps" --learning-rate "$rate" \
    --data "$DATA/train.parquet" --validation "$DATA/validation.parquet" --checkpoint-every 100 \
    --set log.keep_checkpoints=1 --out "$OUT/runs/$name" --resume "$@"
}
cheap() {
  local name=$1
  shift
  fit "$name" "$STEPS" "$RATE" --freeze-layers "$LAYERS" --states "$OUT/states" --validate-every 0 "$@"
}

grid() {
  for seed in $SEEDS; do
    for loss in skip_empty direction_leaf; do
      for negatives in keep anchor all; do
        cheap "$loss-$negatives-$seed" --loss "$loss" --false-negatives "$negatives" --seed "$seed"
      done
    done
  done
}
control() {
  for seed in $SEEDS; do
    for loss in skip_empty direction_leaf; do
      cheap "$loss-permuted-$seed" --loss "$loss" --false-negatives all --seed "$seed" --permute-labels
    done
  done
}
long() {
  # The flags are words.
  for seed in $SEEDS; do
    # shellcheck disable=SC2086
    fit "long-$seed" "$LONG" "$LONG_RATE" --seed "$seed" --validate-every 200 $LONG_FLAGS
  done
  # shellcheck disable=SC2086
  fit "long-permuted-${SEEDS%% *}" "$LONG" "$LONG_RATE" --seed "${SEEDS%% *}" --validate-every 200 --permute-labels $LONG_FLAGS
}

# entry NAME ROLE [CONTROL [OVER]]: a run of the report, if it was made.
entry() {
  [ -d "$OUT/runs/$1/final" ] || return 0
  printf '\n[[runs]]\nname = "%s"\ndir = "%s"\nrole = "%s"\n' "$1" "$OUT/runs/$1" "$2"
  if [ -d "$OUT/runs/${3:-}/final" ]; then printf 'control = "%s"\n' "$3"; fi
  if [ -d "$OUT/runs/${4:-}/final" ]; then printf 'over = "%s"\n' "$4"; fi
}
report() {
  {
    printf 'title = "Which pairs the loss pushes apart, on %s"\nout = "%s"\n' "$BASE" "$OUT/report"
    printf '\n[rows]\nmeasured = "%s"\ntrain = "%s"\n' "$DATA/test.parquet" "$DATA/train.parquet"
    printf '\n[base]\nmodel = "%s"\npoolings = ["mean"]\nmax_length = 48\n' "$model"
    for seed in $SEEDS; do
      for loss in skip_empty direction_leaf; do
        entry "$loss-permuted-$seed" permuted
        entry "$loss-keep-$seed" other "$loss-permuted-$seed"
        entry "$loss-anchor-$seed" other "$loss-permuted-$seed" "$loss-keep-$seed"
        entry "$loss-all-$seed" other "$loss-permuted-$seed" "$loss-anchor-$seed"
      done
    done
    local first=${SEEDS%% *}
    entry "long-permuted-$first" permuted
    for seed in $SEEDS; do
      if [ "$seed" = "$first" ]; then entry "long-$seed" full "long-permuted-$first"; else entry "long-$seed" other "long-permuted-$first"; fi
    done
  } > "$OUT/experiment.toml"
  "$BIN/hives" report experiment --config "$OUT/experiment.toml"
}

parts=("$@")
[ $# -gt 0 ] || parts=(grid control long report)
for part in "${parts[@]}"; do
  case $part in
    grid | control | long | report) "$part" ;;
    *) echo "value_trials: no part $part: want grid, control, long or report" >&2; exit 2 ;;
  esac
done
