#!/usr/bin/env bash
# The main job on a sample of real corpora: rows, Stage 1 on a small model from random weights, the same
# with permuted labels as a control, anchors across theories, and a report of what was learned on held-out
# groups.
#
#   scripts/demo.sh                    about six minutes on two cores
#   STEPS=200 SEED=2 OUT=out/quick scripts/demo.sh
#
# A run that was stopped goes on where it stood; a finished one is begun anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

OUT=${OUT:-out/demo}
SEED=${SEED:-1}
RATE=${RATE:-1e-3}
# The Go engine takes six times as long a step as XLA: fewer of them, so that the demo stays a demo.
if [ -z "${STEPS:-}" ]; then
  STEPS=1000
  if [ "${HIVES_ENGINE:-}" = go ]; then STEPS=150; fi
fi

say() { printf '\n== %s\n' "$*" >&2; }
settings="steps $STEPS, seed $SEED, rate $RATE"
if [ -e "$OUT/finished" ] || [ "$(cat "$OUT/settings" 2>/dev/null)" != "$settings" ]; then
  rm -rf "$OUT"
fi
mkdir -p "$OUT/rows"
echo "$settings" > "$OUT/settings"

say "1/6 rows from four corpora, split so that no group and no text stands on both sides"
for corpus in valueeval mfrc social-chem moral-stories; do
  bin/hives import "$corpus" --in "demo/data/${corpus//-/_}" --out "$OUT/rows/$corpus.parquet"
done
bin/hives data merge "$OUT"/rows/{valueeval,mfrc,social-chem,moral-stories}.parquet --out "$OUT/rows/all.parquet"
# A quarter for the test: with less, too few opposing rows are held out to measure orthogonality.
bin/hives data split --in "$OUT/rows/all.parquet" --out "$OUT/rows" --fractions .65,.1,.25
bin/hives data stats "$OUT/rows/all.parquet" --tokenizer demo/model --html "$OUT/rows.html"

# fit NAME [flags]: one run of Stage 1 in $OUT/runs/NAME. --resume begins it where there is none yet.
fit() {
  local name=$1
  shift
  bin/train --stage=1 --model random:demo/model --max-length 64 \
    --data "$OUT/rows/train.parquet" --validation "$OUT/rows/validation.parquet" \
    --seed "$SEED" --steps "$STEPS" --learning-rate "$RATE" \
    --validate-every 250 --checkpoint-every 250 --set log.keep_checkpoints=1 \
    --out "$OUT/runs/$name" --resume "$@"
}

say "2/6 the untrained model"
fit before --steps 0

say "3/6 Stage 1: $STEPS steps of 64 texts"
fit after

say "4/6 the control: the same run on labels dealt out anew inside each corpus"
fit control --permute-labels

say "5/6 anchors across theories, found in the training rows, and the rows that belong to them"
rm -rf "$OUT/model"
cp -r "$OUT/runs/after/final" "$OUT/model"
bin/hives anchors build --rows "$OUT/rows/train.parquet" --model "$OUT/model" --k 150 --restarts 3 \
  --out "$OUT/anchors.parquet" --html "$OUT/anchors.html"
bin/hives anchors assign --anchors "$OUT/anchors.parquet" --model "$OUT/model" \
  --in "$OUT/rows/train.parquet" --out "$OUT/rows/assigned.parquet"
bin/hives theories inventory assign --model "$OUT/model" \
  --in "$OUT/rows/assigned.parquet" --out "$OUT/rows/assigned.parquet"

say "6/6 what was learned, on groups that training has not seen"
bin/hives report demo --before "$OUT/runs/before/final" --after "$OUT/model" --control "$OUT/runs/control/final" \
  --data "$OUT/rows/test.parquet" --train-data "$OUT/rows/train.parquet" --run "$OUT/runs/after" \
  --anchors "$OUT/anchors.parquet" --assigned "$OUT/rows/assigned.parquet" --out "$OUT"
touch "$OUT/finished"

cat <<EOF

model    $OUT/model
figures  $OUT/metrics.json
report   $OUT/report.html      (open it in a browser)
anchors  $OUT/anchors.html
rows     $OUT/rows.html
EOF
