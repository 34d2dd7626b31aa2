#!/usr/bin/env bash
# Does fine-tuning on answers of one degree move a small language model's log-odds the asked way on unseen questions? Does
# fusion keep it? Is Karcher's mean another model than the average? The whole chain on SmolLM2-135M-Instruct, with controls.
#
#   scripts/vcai_trial.sh OUT [PART…]
#
# Parts, in their order and by default all: rows train fuse measure ask build report (build asks, as ask does, the judge of words). A stopped run goes on where it was, and
# a finished part is left alone. The answers are our own (scripts/vcai_trial/answers.py): the small model cannot write to a
# degree. Its answers to the questionnaire are read by a judge of words (judge.py), since it cannot judge either.
#
#   SEEDS="1 2 3"     each holds out another third of the questions
#   STEPS=8 RATE=1e-3 of a run; 7 rows a step
#   PERSONAS=4        of the questionnaire; 0 leaves the part out
#   PROMPTS=1         0 leaves out the base with an instruction in place of training
#   BIN=bin           folder of train and hives
#   EACH=             a command that each heavy step is run under, such as a lock
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$(realpath -m "$1") && shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
BIN=$(realpath "${BIN:-bin}") SEEDS=${SEEDS:-1 2 3} STEPS=${STEPS:-8} RATE=${RATE:-1e-3} PERSONAS=${PERSONAS:-4} EACH=${EACH:-}
model=$(scripts/download_smollm2.sh | tail -n 1)
mkdir -p "$out"

# fit NAME SEED: NAME of rows.py, into runs/SEED/NAME.
fit() {
  [ -e "$out/runs/$2/$1/final/model.safetensors" ] || $EACH "$BIN/train" --stage=sft --model "$model" --data "$out/data/$2/$1.jsonl" \
    --out "$out/runs/$2/$1" --resume --seed "$2" --steps "$STEPS" --batch-size 7 --max-length 96 --learning-rate "$RATE" \
    --checkpoint-every 0 --set log.validation_rows=0 --log-every 1
}
# fused NAME SEED [flags]: the two experts of a level into runs/SEED/NAME.
fused() {
  local name=$1 seed=$2 level=${1##*.} into=$out/runs/$2/$1/final
  shift 2
  [ -e "$into/fusion.json" ] || { mkdir -p "$(dirname "$into")"; $EACH "$BIN/hives" fuse "$out/runs/$seed/benevolence.$level/final" \
    "$out/runs/$seed/power.$level/final" --out "$into" "$@"; }
}
# pairs NAME SEED MODEL [flags]: log-odds of the held-out answers.
pairs() {
  local into=$out/pairs/$2/$1 data=$out/data/$2/test.jsonl from=$3
  shift 3
  [ -e "$into/result.json" ] || $EACH "$BIN/hives" llm-bench pairs --data "$data" --model "$from" --out "$into" "$@" >/dev/null
}

rows() { python3 "$here/vcai_trial/rows.py" "$out/data" $SEEDS; }
train() {
  for seed in $SEEDS; do
    for run in benevolence.plus power.plus benevolence.minus power.minus benevolence.mixed hybrid.plus; do
      fit "$run" "$seed"
    done
  done
}
fuse() {
  # The base in the layout of the experts: a run of no steps writes what it would begin with.
  local base=$out/base/final
  [ -e "$base/model.safetensors" ] || $EACH "$BIN/train" --stage=sft --model "$model" --data "$out/data/${SEEDS%% *}/hybrid.plus.jsonl" \
    --out "$out/base" --resume --steps 0 --lora-rank 0 --max-length 96 --set log.validation_rows=0
  for seed in $SEEDS; do
    fused linear.plus "$seed"
    fused karcher.plus "$seed" --method karcher
    fused deltas.plus "$seed" --method karcher --of deltas --base "$base"
  done
}
measure() {
  for seed in $SEEDS; do
    pairs base "$seed" "$model"
    # The instruction in place of training. No seed is in it but that of the questions.
    [ "${PROMPTS:-1}" = 0 ] || for value in benevolence power; do
      pairs "prompt.$value.plus" "$seed" "$model" --system "You are a person to whom $value matters more than anything else."
      pairs "prompt.$value.minus" "$seed" "$model" --system "You are a person to whom $value does not matter at all."
    done
    for run in "$out/runs/$seed"/*/; do pairs "$(basename "$run")" "$seed" "$run/final"; done
  done
}
# words starts the judge of words and sets $port; it ends with this script.
words() {
  [ -z "${port:-}" ] || return 0
  rm -f "$out/judge.port"
  python3 "$here/vcai_trial/judge.py" "$out/judge.port" &
  trap "kill $! 2>/dev/null || true" EXIT
  while [ ! -s "$out/judge.port" ]; do sleep .2; done
  port=$(cat "$out/judge.port")
}
# build: does the small model write to a degree at all? Two questions of each value, both ends, one rewrite.
build() {
  words
  python3 "$here/vcai_trial/questionnaire.py" --build "$out" "$port" "$model"
  $EACH "$BIN/hives" vcai build --config "$out/vcai.toml" --questions "$out/vcai.jsonl" --levels -2,+2 --roles 2 --rewrites 1 \
    --aggregate touched --out "$out/vcai" --yes
}
# ask: the questionnaire's questions about the two values, put to models of the first seed.
ask() {
  [ "$PERSONAS" -gt 0 ] || return 0
  local seed=${SEEDS%% *}
  words
  python3 "$here/vcai_trial/questionnaire.py" "$out" "$here/../internal/interview/inventory.json" "$port" "$model" "$seed"
  for config in "$out"/questionnaire/*.toml; do
    into=${config%.toml}
    [ -e "$into/scores.json" ] || $EACH "$BIN/hives" questionnaire run --config "$config" --items "$out/questionnaire/items.json" \
      --personas "$PERSONAS" --out "$into" --yes
  done
  others=$(ls -d "$out"/questionnaire/*/ | grep -v '/base/$')
  rm -rf "$out/compare"
  "$BIN/hives" questionnaire compare "$out/questionnaire/base" $others --points "$out/questionnaire/points.json" --out "$out/compare"
}
report() { python3 "$here/vcai_trial/report.py" "$out" $SEEDS | tee "$out/report.md"; }

[ $# -gt 0 ] || set -- rows train fuse measure ask build report
for part in "$@"; do
  case $part in rows|train|fuse|measure|ask|build|report) $part ;; *) echo "vcai_trial: part '$part' is not known" >&2; exit 2 ;; esac
done
