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
pins=$here/roundtrip/requirements.txt
venv=${HIVES_CACHE:-$here/../.cache}/python-roundtrip

skip() { echo "did not run: the round trip through sentence-transformers ($*)" >&2; exit 0; }

# A stamp with the pins' hash tells whether the environment is whole and current.
prepare() {
  local stamp=$venv/pins.sha256
  if [ -x "$venv/bin/python" ] && (cd "$here" && sha256sum --check --status "$stamp") 2>/dev/null; then return; fi
  command -v python3 >/dev/null || skip "python3 is not on the PATH"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || skip "its pins need Python 3.11 or newer"
  rm -rf "$venv"
  python3 -m venv "$venv" >/dev/null 2>&1 || skip "python3 has no venv with pip"
  echo "installing PyTorch and sentence-transformers into the cache: up to 6 GB, minutes" >&2
  "$venv/bin/pip" install --quiet --require-hashes --requirement "$pins" || { rm -rf "$venv"; skip "pip could not bring what $pins pins"; }
  (cd "$here" && sha256sum roundtrip/requirements.txt) > "$stamp"
}

[ "${HIVES_ROUNDTRIP:-}" != skip ] || skip "HIVES_ROUNDTRIP says so"
python=${HIVES_ROUNDTRIP_PYTHON:-}
if [ -z "$python" ]; then
  prepare
  python=$venv/bin/python
fi
cd "$here/roundtrip"
# Every file is at hand: nothing may be asked of a hub.
# One thread: the models are tiny, and threads that wait for each other on a busy machine take minutes.
OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false "$python" -m pytest -q -p no:cacheprovider "$@"
