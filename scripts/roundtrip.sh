#!/usr/bin/env bash
# Holds hives export to the Python libraries it is for: sentence-transformers, with PyTorch, in an environment of its
# own in the cache. Part of make test-python.
#
#   scripts/roundtrip.sh                   runs the tests of scripts/roundtrip
#   scripts/roundtrip.sh -k framing        pytest's own options
#
#   HIVES_ROUNDTRIP_PYTHON=/path/python    an interpreter that has the packages already: nothing is installed
#   HIVES_ROUNDTRIP=skip                   do not run: the environment takes 6 GB where pip brings PyTorch for CUDA
#
# Where python3, venv or pip's packages are missing it says so and exits 0: nothing else needs them.
# The tests run the programs of $HIVES_BIN, by default bin/ of this checkout.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
missing() { echo "did not run: the round trip through sentence-transformers ($*)" >&2; exit 0; }

[ "${HIVES_ROUNDTRIP:-}" != skip ] || missing "HIVES_ROUNDTRIP says so"
source "$here/pytorch_env.sh"
cd "$here/roundtrip"
"$python" -m pytest -q -p no:cacheprovider "$@"
