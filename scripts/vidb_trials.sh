#!/usr/bin/env bash
# A database of intensities from people's grades, and what is measured on it: the figures of docs/LOG.md.
#
#   scripts/vidb_trials.sh HIVES DATA OUT [PART…]     HIVES: the program; DATA holds social_chem/ and moral_stories/ as
#                                                     published (docs/DATA.md); OUT: a folder
#
# Parts, in their order and by default all:
#   pool        import, pools of five moral foundations, a database from people's own grades
#   vectors     the pool's vectors by MODEL (default: scripts/download_minilm.sh's), and what they tell (R²)
#   profiles    what vectors of MODEL tell of texts and of sets of them on unseen groups: hives profile fit
#   savings     calls a text by pairing, judges as noisy as people: vidb/savings_test.go; an hour of one core
#   judges      a small language model against people: option scores, totals, JSON, orders of four
#   stability   ratings beside rankings (Table 1) of the same model under two prompts
#
# LM is the judges' model (default: scripts/download_smollm2.sh's). A stopped part goes on where it was.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
hives=$(realpath "$1") data=$(realpath "$2") out=$(realpath -m "$3")
shift 3
repo=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
mkdir -p "$out" && cd "$out"
values=mft/care-harm,mft/fairness-cheating,mft/loyalty-betrayal,mft/authority-subversion,mft/sanctity-degradation

pool() {
  [ -e sc.parquet ] || "$hives" import social-chem --in "$data/social_chem" --out sc.parquet
  [ -e ms.parquet ] || "$hives" import moral-stories --in "$data/moral_stories" --out ms.parquet
  "$hives" vidb pool --rows sc.parquet,ms.parquet --value "$values" --out vidb.db
  "$hives" vidb build --vidb vidb.db --judge annotations --ties half --m 10 | tee vidb.txt
}
vectors() {
  # The five pools are the same texts, so one matrix serves all.
  "$hives" vidb pool --rows sc.parquet,ms.parquet --value mft/care-harm --out vidb.db --texts pool.jsonl
  local model=${MODEL:-$("$repo/scripts/download_minilm.sh" | tail -n 1)}
  [ -e base.npy ] || "$hives" embed --model "$model" --in pool.jsonl --out base.npy
  "$hives" vidb vectors --vidb vidb.db --model "$model" | tee vectors.txt
}
profiles() {
  local model=${MODEL:-$("$repo/scripts/download_minilm.sh" | tail -n 1)}
  "$hives" profile fit --vidb vidb.db --rows sc.parquet,ms.parquet --model "$model" --out profile.db | tee profiles.txt
}
savings() { (cd "$repo" && HIVES_SAVINGS=$out go test ./vidb -run TestCallsOnRealData -timeout 5h -v) | tee savings.txt; }

# voter NAME PROMPT ASK CHOOSE: one [[voters]] of the language model.
voter() {
  printf '[[voters]]\nname = "%s"\nprovider = "local"\nmodel = "%s"\nbatch = 8\nprompt = "%s"\nask = "%s"\n' "$1" "$lm" "$2" "$3"
  [ -z "${4:-}" ] || printf 'choose = "%s"\n' "$4"
}
settings() { printf 'parallel = 16\nattempts = 1\n'; }
judges() {
  lm=${LM:-$("$repo/scripts/download_smollm2.sh" | tail -n 1)}
  { settings; voter plain-calibrated plain.v1 choices calibrated; voter plain-total plain.v1 choices total
    voter brief-calibrated brief.v1 choices calibrated; voter plain-json plain.v1 json; } > judges.toml
  { settings; voter rank-plain plain.v1 json; } > ranks.toml
  for kind in pairs fours; do
    "$hives" vidb pool --rows sc.parquet,ms.parquet --value mft/care-harm --size "${SIZE:-60}" --out "$kind.db"
  done
  "$hives" vidb build --vidb pairs.db --config judges.toml --db votes.db --judges all --m 1 --overlap 1 --yes | tee pairs.txt
  "$hives" vidb build --vidb fours.db --config ranks.toml --db votes.db --format default --k 4 --m 1 --overlap 1 --yes |
    tee fours.txt
}
stability() {
  lm=${LM:-$("$repo/scripts/download_smollm2.sh" | tail -n 1)}
  { settings; voter calibrated plain.v1 choices calibrated; voter total plain.v1 choices total; } > stability.toml
  "$hives" stability --vidb vidb.db --value mft/care-harm --config stability.toml --db stability-votes.db \
    --texts "${TEXTS:-40}" --m "${M:-4}" --keep stability.csv --html stability.html --out stability-table.csv --yes |
    tee stability.txt
}

[ $# -gt 0 ] || set -- pool vectors profiles savings judges stability
for part; do
  case $part in
    pool | vectors | profiles | savings | judges | stability) "$part" ;;
    *) echo "vidb_trials: no part '$part': want pool, vectors, profiles, savings, judges or stability" >&2; exit 2 ;;
  esac
done
