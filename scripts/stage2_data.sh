#!/usr/bin/env bash
# Rows and banks for Stage 2 from the corpora: rows split by group, an embedder, the two anchor banks, and
# both anchor columns filled in.
#
#   scripts/stage2_data.sh CORPORA OUT [MODEL…]
#
# CORPORA holds valueeval, mfrc, social_chem and moral_stories. MODEL… are the folders that Stage 2 is to
# begin from: an embedder with their weights is refused. OUT receives train.parquet, validation.parquet,
# test.parquet, individual.parquet, theory.parquet and coverage/.
#
#   EMBEDDER=DIR     frozen model to embed with, best a pretrained one; otherwise a small one is made
#   K=274 RESTARTS=3 clusters before merging (the paper's number of anchors), fits of k-means
#   FRACTIONS=a,b,c  of train, validation and test; by default those of hives data split
#   STEPS=0          of Stage 1 that the small embedder is trained, on the training part only. With none its
#                    vectors say which tokens a text has (docs/LOG.md has what training did to them). Its seed is
#                    1001, so that no run of the demo shares its weights
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
CORPORA=$(realpath "$1") OUT=$(realpath -m "$2")
shift 2
not_for=()
for model in "$@"; do not_for+=(--not-for "$(realpath "$model")"); done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
BIN=${BIN:-bin} K=${K:-274} RESTARTS=${RESTARTS:-3} STEPS=${STEPS:-0}

say() { printf '\n== %s\n' "$*" >&2; }
mkdir -p "$OUT/work" "$OUT/coverage"
work=$OUT/work

say "1/4 rows of four corpora, split by group and text"
for corpus in valueeval mfrc social-chem moral-stories; do
  "$BIN/hives" import "$corpus" --in "$CORPORA/${corpus//-/_}" --out "$work/$corpus.parquet"
done
"$BIN/hives" data merge "$work"/{valueeval,mfrc,social-chem,moral-stories}.parquet --out "$work/all.parquet"
"$BIN/hives" data split --in "$work/all.parquet" --out "$work" ${FRACTIONS:+--fractions "$FRACTIONS"}

if [ -z "${EMBEDDER:-}" ]; then
  say "2/4 a small embedder: the mean of tokens after $STEPS steps"
  EMBEDDER=$work/embedder/final
  "$BIN/train" --stage=1 --model random:demo/model --max-length 64 --pooling mean \
    --data "$work/train.parquet" --validation "$work/validation.parquet" --seed 1001 --steps "$STEPS" \
    --learning-rate 1e-3 --out "$work/embedder" --resume
else
  say "2/4 the embedder is $EMBEDDER"
fi

say "3/4 anchors across theories, from the training rows alone"
"$BIN/hives" anchors build --rows "$work/train.parquet" --model "$EMBEDDER" "${not_for[@]}" \
  --k "$K" --restarts "$RESTARTS" --out "$OUT/theory.parquet" --html "$OUT/theory.html"

say "4/4 both anchor columns"
for part in train validation test; do
  "$BIN/hives" anchors assign --anchors "$OUT/theory.parquet" --model "$EMBEDDER" \
    --in "$work/$part.parquet" --out "$OUT/$part.parquet" --json > "$OUT/coverage/$part.theory.json"
  "$BIN/hives" theories inventory assign --model "$EMBEDDER" "${not_for[@]}" --bank "$OUT/individual.parquet" \
    --in "$OUT/$part.parquet" --out "$OUT/$part.parquet" --json > "$OUT/coverage/$part.individual.json"
done
