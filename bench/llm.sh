#!/usr/bin/env bash
# Sets reading, writing and scoring with SmolLM2-135M here beside llama.cpp: the same weights and threads, in turns, in one run.
#
#   bench/llm.sh [ROUNDS]                5 rounds unless told otherwise; minutes
#   BATCHES="1 8" bench/llm.sh           1, 8 and 32 rows unless told otherwise
#   THREADS=2 bench/llm.sh               one thread unless told otherwise: threads that wait spin, and spinning counts as work
#
# Builds llama-cpp-python once, by pip, into a folder of its own in the cache (needs cmake and a C++ compiler; a quarter of an
# hour), and the program of bench/llm.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${HIVES_CACHE:-$here/.cache}
work=$cache/llamacpp
if ! "$work/venv/bin/python" -c 'import llama_cpp' 2>/dev/null; then
  python3 -m venv "$work/venv"
  CMAKE_ARGS=-DGGML_NATIVE=ON "$work/venv/bin/pip" install --quiet numpy==2.4.6 llama-cpp-python==0.3.36
fi
model=$("$here/scripts/download_smollm2.sh" | tail -n 1)
(cd "$here" && GOEXPERIMENT=${GOEXPERIMENT-simd} go build -o "$work/" ./bench/llm ./cmd/hives)
[ -f "$work/smollm2-f32.gguf" ] ||
  "$work/hives" export --model "$model" --format gguf --dtype float32 --out "$work/smollm2-f32.gguf" >/dev/null
export OMP_NUM_THREADS=${THREADS:-1}
"$work/venv/bin/python" "$here/bench/llm/beside_llamacpp.py" "$work/llm" "$model" "$work/smollm2-f32.gguf" "${1:-5}"
