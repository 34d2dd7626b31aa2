#!/usr/bin/env bash
# Do two builds of train make the same runs? Both demo stages in small, in every way of saving memory, on each engine:
# final weights, anchor vectors, the newest checkpoint's tensors and the loss of each logged step must be equal, bit for
# bit. For changes that are to change nothing, such as moving code.
#
#   scripts/same_bytes.sh BEFORE AFTER [ENGINE…]      two train binaries; engines: go cpu
#
# CASES=WORD takes the cases whose names hold WORD. KEEP=DIR keeps the runs there (BEFORE's are not made again), else a temporary folder holds them.
set -euo pipefail
before=$(realpath "$1") after=$(realpath "$2")
shift 2
engines=(${@:-go cpu})
cd "$(dirname "${BASH_SOURCE[0]}")/.."
hives=${HIVES:-bin/hives}
if [ -n "${KEEP:-}" ]; then
  dir=$KEEP
  mkdir -p "$dir"
else
  dir=$(mktemp -d)
  trap 'rm -rf "$dir"' EXIT
fi

# prepare makes rows of two demo corpora, a model of two layers and a bank, once.
prepare() {
  mkdir -p "$dir/rows" "$dir/tiny"
  "$hives" import moral-stories --in demo/data/moral_stories --out "$dir/rows/a.parquet"
  "$hives" import valueeval --in demo/data/valueeval --out "$dir/rows/b.parquet"
  "$hives" data merge "$dir/rows/a.parquet" "$dir/rows/b.parquet" --out "$dir/rows/all.parquet"
  "$hives" data split --in "$dir/rows/all.parquet" --out "$dir/rows" --fractions .3,.1,.6
  cat > "$dir/tiny/config.json" <<'JSON'
{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
 "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "rope_theta": 10000, "torch_dtype": "float32",
 "max_position_embeddings": 64}
JSON
  HIVES_ENGINE=go "$before" --model "random:$dir/tiny" --tokenizer demo/model --data "$dir/rows/train.parquet" --steps 0 --seed 9 \
    --validation-fraction 0 --max-length 24 --out "$dir/embedder"
  export HIVES_ENGINE=go
  "$hives" anchors build --rows "$dir/rows/train.parquet" --model "$dir/embedder/final" --k 20 --restarts 1 --out "$dir/bank.parquet" --html "$dir/bank.html"
  "$hives" anchors assign --anchors "$dir/bank.parquet" --model "$dir/embedder/final" --in "$dir/rows/train.parquet" --out "$dir/assigned0.parquet"
  "$hives" theories inventory assign --model "$dir/embedder/final" --in "$dir/assigned0.parquet" --out "$dir/assigned.parquet"
  unset HIVES_ENGINE
  touch "$dir/prepared"
}

# cases are named flags: Stage 1, Stage 2 with both kinds of bank, and each way of computing.
cases() {
  cat <<'LIST'
stage1
stage1-recompute --recompute
stage1-packs --packs 4
stage1-split --split-update
stage1-packs-split --packs 2 --split-update --recompute
stage1-lora --lora-rank 4
stage1-lora-packs --lora-rank 4 --lora-targets q_proj,v_proj --packs 2 --recompute
stage1-frozen --freeze-layers 1
stage1-states --freeze-layers 1 --states STATES
stage1-mixed --precision mixed
stage1-mixed16 --precision mixed16
stage1-bf16-moments --moments bf16 --packs 2
stage1-padded --packing padded
stage1-ignores --false-negatives all --negatives corpus --loss direction_leaf
stage1-hmce --loss hmce --anchor-weighting sqrt --weight-decay .01
stage2-learned --stage 2 --banks learned
stage2-learned-packs --stage 2 --banks learned --packs 2 --moments bf16
stage2-learned-split --stage 2 --banks learned --split-update --precision mixed16
stage2-encoded --stage 2 --set stage2.refresh_every=3
stage2-encoded-packs --stage 2 --set stage2.refresh_every=3 --packs 2 --split-update --recompute
stage2-encoded-states --stage 2 --set stage2.refresh_every=3 --freeze-layers 1 --states STATES
stage2-encoded-lora --stage 2 --set stage2.refresh_every=3 --lora-rank 4 --false-negatives all
demo-stage1 DEMO
LIST
}

# one BINARY NAME ENGINE CASE FLAGS…: a run of one case.
one() {
  local binary=$1 side=$2 out=$dir/$2/$3/$4 engine=$3 model="random:$dir/tiny" rate=1e-2 length=24 size=24
  shift 4
  local flags=()
  for word in "$@"; do
    case $word in
      STATES) flags+=("$dir/$side/states-$engine") ;;
      DEMO) model=random:demo/model rate=1e-3 length=48 size=64 ;;
      *) flags+=("$word") ;;
    esac
  done
  case " $* " in
    *" 2 "*"--banks"* | *"--stage 2"*) flags+=(--data "$dir/assigned.parquet" --theory-bank "$dir/bank.parquet") ;;
    *) flags+=(--data "$dir/rows/train.parquet") ;;
  esac
  [ -e "$out/final" ] && return
  rm -rf "$out"
  HIVES_ENGINE=$engine "$binary" --model "$model" --tokenizer demo/model --steps 8 --seed 3 --split-seed 3 --batch-size $size --max-length $length \
    --learning-rate $rate --validate-every 4 --set log.validation_rows=64 --checkpoint-every 3 --log-every 1 --out "$out" "${flags[@]}" \
    >/dev/null 2>"$dir/log" || { cat "$dir/log" >&2; echo "same_bytes: $out failed" >&2; return 1; }
}

# digest FOLDER: what must be equal.
digest() {
  (cd "$1" && sha256sum final/*.safetensors checkpoints/*/state.safetensors)
  grep -o '"kind":"[a-z]*","step":[0-9]*\|"loss":[^,]*\|"grad_norm":[^,]*' "$1/metrics.jsonl"
}

[ -e "$dir/prepared" ] || prepare >/dev/null 2>"$dir/log" || { cat "$dir/log" >&2; exit 1; }
rm -rf "$dir/after"
status=0
for engine in "${engines[@]}"; do
  while read -r name flags; do
    if [[ $name != *"${CASES:-}"* ]]; then continue; fi
    if [ "$engine" = go ] && [ "$name" = demo-stage1 ]; then continue; fi # minutes
    # shellcheck disable=SC2086 # flags are words
    one "$before" before "$engine" "$name" $flags
    one "$after" after "$engine" "$name" $flags
    hash=$(sha256sum < "$dir/after/$engine/$name/final/model.safetensors")
    if diff <(digest "$dir/before/$engine/$name") <(digest "$dir/after/$engine/$name") >"$dir/diff"; then
      echo "same    $engine $name ${hash:0:16}"
    else
      echo "OTHER   $engine $name"
      head -5 "$dir/diff"
      status=1
    fi
  done < <(cases)
done
exit $status
