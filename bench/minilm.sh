#!/usr/bin/env bash
# Sets the embedding of all-MiniLM-L6-v2 here beside sentence-transformers and ONNX Runtime: the same real texts of the
# demo, in turns, in one run.
#
#   bench/minilm.sh [TEXTS]                  1000 texts unless told otherwise; a few minutes
#
# Needs the environment of scripts/roundtrip.sh (PyTorch and sentence-transformers); brings ONNX Runtime and the
# exporter by pip, pinned, into a folder of its own. The float32 ONNX form stays as bench-minilm/minilm-f32.onnx in
# $HIVES_CACHE, or in .cache of this checkout.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${HIVES_CACHE:-$here/.cache}
python=${HIVES_ROUNDTRIP_PYTHON:-$cache/python-roundtrip/bin/python}
work=$cache/bench-minilm
[ -x "$python" ] || { echo "minilm: $python is missing: run scripts/roundtrip.sh first" >&2; exit 1; }
model=$("$here/scripts/download_minilm.sh" | tail -n 1)
if [ ! -d "$work/packages/onnxruntime" ]; then
  "$python" -m pip install --quiet --no-deps --target "$work/packages" onnxruntime==1.32.0 onnx==1.23.2 flatbuffers==25.12.19 protobuf==7.36.2 ml_dtypes==0.6.0
fi
(cd "$here" && GOEXPERIMENT=${GOEXPERIMENT-simd} go build -o "$work/minilm" ./bench/minilm)
HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONPATH=$work/packages "$python" "$here/bench/minilm/minilm.py" \
  "$work/minilm" "$model" "$work" "${1:-1000}"
