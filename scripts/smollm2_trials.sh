#!/usr/bin/env bash
# Does training move a pretrained base towards values? SmolLM2-135M on the real training groups: settings
# screened on the validation part with the lower layers frozen, the best one trained over all layers; of the
# cheap setting Stage 2, two more seeds, a control with permuted labels, and adapters in place of weights.
#
#   scripts/smollm2_trials.sh DATA OUT [PART…]     DATA is the output of scripts/stage2_data.sh
#
# Parts, in their order and by default all: screen full stage2 seeds control lora. A run that was stopped goes on
# where it stood, a finished one is left alone, so parts may be repeated.
#
#   BASE=DIR|FILE.gguf       weights; by default scripts/download_smollm2.sh brings them
#   CHOSEN=faster            the screening run that did best on validation (docs/LOG.md): Stage 2 goes on from it
#   BEST="--flag value …"    its flags, for full, seeds, control and lora
#   STEPS=150 FULL=600 STEPS2=60   of a screening run, of the run over all layers, of Stage 2
#   RATE=2e-4 RATE2=6e-5 RATE_LORA=2e-3   peak rates over all layers, of Stage 2, of adapters
#   SEEDS="2 3"  LAYERS=24   further seeds; frozen layers but for the run over all
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,19s/^# \{0,1\}//p' "$0" >&2; exit 2; }
DATA=$(realpath "$1") OUT=$(realpath -m "$2")
shift 2
cd "$(dirname "${BASH_SOURCE[0]}")/.."
BIN=${BIN:-bin} STEPS=${STEPS:-150} FULL=${FULL:-600} STEPS2=${STEPS2:-60} SEEDS=${SEEDS:-2 3} LAYERS=${LAYERS:-24}
CHOSEN=${CHOSEN:-faster} BEST=${BEST:---negatives corpus --learning-rate 6e-4}
BASE=${BASE:-$(scripts/download_smollm2.sh | tail -n 1)}
mkdir -p "$OUT"

# fit NAME STEPS [flags]: one run in $OUT/runs/NAME. Texts keep 64 tokens: one in fifteen is longer.
fit() {
  local name=$1 steps=$2
  shift 2
  "$BIN/train" --max-length 64 --precision mixed --steps "$steps" --data "$DATA/train.parquet" \
    --validation "$DATA/validation.parquet" --set log.keep_checkpoints=1 --out "$OUT/runs/$name" --resume "$@"
}
# cheap NAME [flags]: the upper layers alone, on states that are computed once.
cheap() {
  local name=$1
  shift
  fit "$name" "$STEPS" --model "$BASE" --freeze-layers "$LAYERS" --states "$OUT/states" --pooling mean \
    --learning-rate 2e-4 --validate-every 50 --checkpoint-every 50 "$@"
}

screen() {
  cheap theory
  cheap corpus --negatives corpus
  cheap cooler --negatives corpus --temperature .05
  cheap slower --negatives corpus --learning-rate 5e-5
  cheap faster --negatives corpus --learning-rate 6e-4
  cheap hmce --negatives corpus --loss hmce
  cheap balanced --negatives corpus --anchor-weighting balanced
  cheap last --negatives corpus --pooling last
}
full() {
  fit full "$FULL" --model "$BASE" --pooling mean --validate-every 100 --checkpoint-every 50 $BEST --learning-rate "${RATE:-2e-4}"
}
stage2() {
  fit stage2 "$STEPS2" --stage=2 --from "$OUT/runs/$CHOSEN" --freeze-layers "$LAYERS" --states "$OUT/states" \
    --theory-bank "$DATA/theory.parquet" --banks learned --validate-every 0 --checkpoint-every 20 $BEST --learning-rate "${RATE2:-6e-5}"
}
seeds() {
  for seed in $SEEDS; do cheap "best-$seed" --seed "$seed" $BEST; done
}
control() { cheap permuted --permute-labels $BEST; }
lora() { cheap lora $BEST --lora-rank 16 --learning-rate "${RATE_LORA:-2e-3}"; }

parts=("$@")
[ $# -gt 0 ] || parts=(screen full stage2 seeds control lora)
for part in "${parts[@]}"; do
  case $part in
    screen | full | stage2 | seeds | control | lora) "$part" ;;
    *) echo "smollm2_trials: no part $part: want screen, full, stage2, seeds, control or lora" >&2; exit 2 ;;
  esac
done
