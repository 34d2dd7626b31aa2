#!/usr/bin/env bash
# Makes the reference values of PyTorch and transformers that the tests called TestGolden… compare with, half a minute.
#
#   scripts/golden.sh                       writes internal/rig/goldentest/testdata anew
#   scripts/golden.sh --out DIR --seed 7    another set, for HIVES_GOLDEN=DIR go test ./... -run TestGolden
#
# The packages are those of the round trip (scripts/roundtrip/requirements.txt, with hashes), in its environment.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
missing() { echo "golden: $*" >&2; exit 1; }
source "$here/pytorch_env.sh"
PYTHONDONTWRITEBYTECODE=1 "$python" "$here/golden/make.py" "$@"
