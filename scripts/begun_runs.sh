#!/usr/bin/env bash
# Makes the runs that the tests of cmd/train go on with: begun by the program of a commit, left after 4 of 8 steps.
#   scripts/begun_runs.sh COMMIT NAME [KIND...]     writes cmd/train/testdata/begun/NAME, all kinds or some
# Old programs are built from their own sources in a work tree of their own. All kinds run on the Go engine with one
# thread. Each is run to its end, whose hash is kept, and then cut back to what a kill after the save of step 4 leaves.
set -euo pipefail
commit=$1 name=$2 kinds=" ${*:3} "
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
begun=$here/cmd/train/testdata/begun
work=$(mktemp -d)
trap 'git -C "$here" worktree remove --force "$work/source"; rm -rf "$work"' EXIT
git -C "$here" worktree add --quiet --detach "$work/source" "$commit"
(cd "$work/source" && go build -o "$work/train" ./cmd/train)

if [ ! -d "$begun/inputs" ]; then
  mkdir "$begun/inputs"
  (cd "$here" && go run "$begun/inputs.go" "$begun/inputs")
fi
common=(--engine go --threads 1 --model random:inputs --tokenizer inputs --data inputs/rows.csv --seed 3 --steps 8
  --batch-size 16 --max-length 16 --learning-rate 1e-2 --validation-fraction .25 --set log.validation_rows=24
  --checkpoint-every 4 --log-every 1 --set log.keep_checkpoints=9)
# run.json as it was after step 4: the resume finds the best checkpoint again.
cat > "$work/cut.py" <<'PYTHON'
import json, sys
info = json.load(open(sys.argv[1]))
info.update(status="running", step=0)
info.pop("best")
open(sys.argv[1], "w").write(json.dumps(info, indent=2) + "\n")
PYTHON
banks=(--stage 2 --individual-bank inputs/individual.parquet --theory-bank inputs/theory.parquet)

# begin KIND FLAG...
begin() {
  [[ "$kinds" == "  " || "$kinds" == *" $1 "* ]] || return 0
  local run=$begun/$name/$1
  mkdir -p "$run"
  (cd "$run" && ln -s ../../inputs inputs && "$work/train" "${common[@]}" "${@:2}" --out run)
  (cd "$run/run" && sha256sum final/model.safetensors > ../end.sha256 && rm -r final checkpoints/step-000000008 lock)
  python3 "$work/cut.py" "$run/run/run.json"
  rm -f "$run/inputs" "$run"/states/*.lock
}

rm -rf "${begun:?}/$name"
begin stage1 --validate-every 4
begin states --freeze-layers 1 --states states --moments bf16
begin adapters --lora-rank 2 --set optimizer.schedule=cosine
begin encoded "${banks[@]}" --banks encoded --precision f16 --set stage2.refresh_every=3
begin learned "${banks[@]}" --banks learned --packs 2 --split-update
