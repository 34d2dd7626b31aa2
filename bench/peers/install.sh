#!/usr/bin/env bash
# Brings peers that scripts/roundtrip.sh does not: pinned, by pip, each into a folder of its own in the cache.
#
#   bench/peers/install.sh choix | onnx | llamacpp | all
#
# onnx needs the environment of scripts/roundtrip.sh. llamacpp is built for this processor: it needs cmake and a C++
# compiler, and takes a quarter of an hour.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${HIVES_CACHE:-$here/.cache}

choix() {
  python3 -m venv "$cache/python-choix"
  "$cache/python-choix/bin/pip" install --quiet choix==0.4.1 numpy==2.4.6 scipy==1.17.1
}

onnx() {
  local python=${HIVES_ROUNDTRIP_PYTHON:-$cache/python-roundtrip/bin/python}
  "$python" -m pip install --quiet --no-deps --target "$cache/bench/onnx" \
    onnxruntime==1.32.0 onnx==1.23.2 flatbuffers==25.12.19 protobuf==7.36.2 ml_dtypes==0.6.0
}

llamacpp() {
  python3 -m venv "$cache/llamacpp/venv"
  CMAKE_ARGS=-DGGML_NATIVE=ON "$cache/llamacpp/venv/bin/pip" install --quiet numpy==2.4.6 llama-cpp-python==0.3.36
}

case ${1:-} in
  choix | onnx | llamacpp) "$1" ;;
  all) choix; onnx; llamacpp ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; [ "${1:-}" = --help ] || exit 2 ;;
esac
