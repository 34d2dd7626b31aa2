#!/usr/bin/env bash
# Holds hives export, train --stage=sft and hives fuse to the libraries they write for: sentence-transformers,
# transformers and PEFT with PyTorch, and llama.cpp, in environments of their own in the cache. Part of make
# test-python.
#
#   scripts/roundtrip.sh                   runs the tests of scripts/roundtrip
#   scripts/roundtrip.sh -k framing        pytest's own options
#
#   HIVES_ROUNDTRIP_PYTHON=/path/python    an interpreter that has the packages already: nothing is installed
#   HIVES_LLAMACPP_PYTHON=/path/python     one that has llama-cpp-python
#   HIVES_LLAMACPP=skip                    do not hold tuned models to llama.cpp: building it takes a quarter of an hour
#   HIVES_ROUNDTRIP=skip                   do not run: the environment takes 6 GB where pip brings PyTorch for CUDA
#
# Where python3, venv or pip's packages are missing it says so and exits 0: nothing else needs them.
# The tests run the programs of $HIVES_BIN, by default bin/ of this checkout.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
missing() { echo "did not run: the round trip through sentence-transformers ($*)" >&2; exit 0; }

[ "${HIVES_ROUNDTRIP:-}" != skip ] || missing "HIVES_ROUNDTRIP says so"
source "$here/pytorch_env.sh"
if [ "${HIVES_LLAMACPP:-}" != skip ]; then
  llamacpp=${HIVES_LLAMACPP_PYTHON:-${HIVES_CACHE:-$here/../.cache}/llamacpp/venv/bin/python}
  # Where it cannot be built the tests that need it say so and are skipped.
  "$llamacpp" -c 'import llama_cpp, numpy' 2>/dev/null || "$here/../bench/peers/install.sh" llamacpp >&2 || llamacpp=
  export HIVES_LLAMACPP_PYTHON=$llamacpp
fi
cd "$here/roundtrip"
"$python" -m pytest -q -p no:cacheprovider "$@"
