#!/usr/bin/env bash
# Measures HiVES on a machine with a GPU that has CUDA 13, PyTorch and JAX's PJRT plugin, and no network: at most eight
# minutes, one JSON.
#
#   scripts/gpu_check.sh pack DIR          here: builds programs and tests, and puts all that is needed into DIR (200 MB)
#   DIR/gpu_check.sh run [OUT.json]        there: finds the plugin, checks, measures; OUT is gpu.json unless told otherwise
#   scripts/gpu_check.sh dry [OUT.json]    here: pack and run on the CPU plugin with the demo's model, a minute (make gpu-check)
#
# What is run, each behind a time limit; what fails is named in the JSON, and the rest goes on:
#
#   check      hives engine check: the same bits call after call, the values of the Go engine
#   golden     reference values of forward passes, losses, gradients, the optimiser and training
#   embed      random weights of the 0.6B shape in bf16: 16 × 64, 64 × 256, real texts packed
#   train      a Stage-1 step of 64 texts, packed and padded to 256
#   serve      embedd from exec to SERVING
#   pytorch    the same shape by PyTorch (sdpa, bf16), and the machine's own limits
#
# docs/GPU.md says what the figures should be. HIVES_PJRT_PLUGIN names a plugin that is not found by itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tests="model/qwen3embed model/decoder losses internal/optim internal/trainer"
say() { echo "gpu_check: $*" >&2; }

pack() {
  local root out test
  root=$(cd "$here/.." && pwd)
  mkdir -p "$1"
  out=$(cd "$1" && pwd)
  cd "$root"
  export GOEXPERIMENT=${GOEXPERIMENT-simd}
  go build -o "$out/bin/" ./cmd/hives ./cmd/embedd ./bench/gpu
  for test in $tests; do
    mkdir -p "$out/$test"
    go test -c -o "$out/$test/golden.test" "./$test"
    if [ -d "$test/testdata" ]; then cp -r "$test/testdata" "$out/$test/"; fi
  done
  cp -r internal/rig/goldentest/testdata "$out/golden"
  mkdir -p "$out/demo"
  cp -r demo/model "$out/demo/"
  cp bench/gpu/qwen3_06b.json bench/gpu/pytorch.py scripts/gpu_check.sh scripts/gpu_check.py go.mod "$out/"
  # Real texts: premises of arguments, a line each.
  python3 scripts/gpu_check.py texts demo/data/valueeval/arguments-training.tsv "$out/texts.txt"
}

# find_plugin prints the path of JAX's CUDA plugin, whatever Python has it.
find_plugin() {
  python3 - <<'PY'
import importlib.util, pathlib, sys
for name in ("jax_plugins.xla_cuda13", "jax_plugins.xla_cuda12"):
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        continue
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in pathlib.Path(folder).glob("*cuda*plugin*.so"):
            sys.exit(print(path))
sys.exit("no JAX CUDA plugin: name one with HIVES_PJRT_PLUGIN")
PY
}

# library_path lists the folders of NVIDIA's libraries beside PyTorch.
library_path() {
  python3 - <<'PY'
import pathlib, sysconfig
print(":".join(str(p) for p in pathlib.Path(sysconfig.get_paths()["purelib"]).glob("nvidia/*/lib")))
PY
}

# part NAME SECONDS COMMAND…: runs it, keeps its output, seconds, end and the most memory that was in use meanwhile.
part() {
  local name=$1 limit=$2 began code=0 sampler
  shift 2
  say "$name"
  began=$(date +%s.%N)
  python3 "$here/gpu_check.py" memory "$work/$name.memory" & sampler=$!
  timeout "$limit" "$@" >"$work/$name.out" 2>"$work/$name.err" || code=$?
  kill "$sampler" 2>/dev/null || true
  wait "$sampler" 2>/dev/null || true
  echo "$code $(echo "$(date +%s.%N) - $began" | bc)" >"$work/$name.end"
  [ "$code" = 0 ] || say "$name ended with $code: $(tail -n 1 "$work/$name.err")"
}

golden() {
  local test failed=0
  for test in $tests; do
    (cd "$here/$test" && HIVES_GOLDEN=$here/golden ./golden.test -test.run '^TestGolden' -test.v) || failed=1
  done
  return "$failed"
}

# serve starts embedd and waits until it says that it is ready.
serve() {
  local pid
  "$here/bin/embedd" --model "$1" --precision bf16 --listen 127.0.0.1:0 & pid=$!
  python3 "$here/gpu_check.py" ready "$work/serve.err" "$pid"
  kill "$pid"
  wait "$pid" || true
}

run() {
  local out=$1 device=cuda small=() config=$here/qwen3_06b.json
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  export HIVES_ENGINE=${HIVES_ENGINE:-cuda}
  if [ "$HIVES_ENGINE" = cuda ]; then
    HIVES_PJRT_PLUGIN=${HIVES_PJRT_PLUGIN:-$(find_plugin)}
    LD_LIBRARY_PATH=$(library_path):${LD_LIBRARY_PATH:-}
    export HIVES_PJRT_PLUGIN LD_LIBRARY_PATH
  else
    device=cpu small=(--small) config=$here/demo/model/config.json
  fi
  export -f golden serve
  export here work tests
  local repeats=20
  if [ $device = cpu ]; then repeats=2; fi
  # The limits add up to 470 seconds.
  part check 50 "$here/bin/hives" engine check --engine "$HIVES_ENGINE" --repeats $repeats
  part golden 80 bash -c golden
  part weights 40 "$here/bin/gpu" weights --config "$config" --tokenizer "$here/demo/model" --folder "$work/model"
  part embed 75 "$here/bin/gpu" embed --folder "$work/model" --texts "$here/texts.txt" "${small[@]}"
  part train 75 "$here/bin/gpu" train --folder "$work/model" --texts "$here/texts.txt" "${small[@]}"
  part serve 100 bash -c 'serve "$work/model"'
  part pytorch 50 python3 "$here/pytorch.py" "$config" $device "${small[@]}"
  python3 "$here/gpu_check.py" gather "$work" "$out"
  say "wrote $out"
}

# Paths of the caller stay his: run changes no folder.
case ${1:-} in
  pack) [ $# = 2 ] || { say "say where to: pack DIR"; exit 2; }; pack "$2" ;;
  run) run "${2:-gpu.json}" ;;
  dry)
    into=$(mktemp -d)
    (pack "$into")
    # By the graphs that a GPU runs, and not by the kernels of a processor.
    HIVES_ENGINE=cpu HIVES_BF16_KERNELS=off bash "$into/gpu_check.sh" run "${2:-gpu.json}"
    rm -rf "$into" ;;
  *) sed -n '2,21s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; [ "${1:-}" = --help ] || exit 2 ;;
esac
