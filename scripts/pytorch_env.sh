# Sourced by roundtrip.sh and golden.sh, which say in a function `missing REASON` what they do without PyTorch.
# Sets $python to an interpreter with what roundtrip/requirements.txt pins: $HIVES_ROUNDTRIP_PYTHON, or that of an
# environment in the cache, which is made at first (6 GB where pip brings PyTorch for CUDA).
pytorch_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pytorch_pins=$pytorch_here/roundtrip/requirements.txt
pytorch_venv=${HIVES_CACHE:-$pytorch_here/../.cache}/python-roundtrip

# A stamp with the pins' hash tells whether the environment is whole and current.
prepare_pytorch() {
  local stamp=$pytorch_venv/pins.sha256
  if [ -x "$pytorch_venv/bin/python" ] && (cd "$pytorch_here" && sha256sum --check --status "$stamp") 2>/dev/null; then return; fi
  command -v python3 >/dev/null || missing "python3 is not on the PATH"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || missing "its pins need Python 3.11 or newer"
  rm -rf "$pytorch_venv"
  python3 -m venv "$pytorch_venv" >/dev/null 2>&1 || missing "python3 has no venv with pip"
  echo "installing PyTorch and sentence-transformers into the cache: up to 6 GB, minutes" >&2
  "$pytorch_venv/bin/pip" install --quiet --require-hashes --requirement "$pytorch_pins" ||
    { rm -rf "$pytorch_venv"; missing "pip could not bring what $pytorch_pins pins"; }
  (cd "$pytorch_here" && sha256sum roundtrip/requirements.txt) > "$stamp"
}

python=${HIVES_ROUNDTRIP_PYTHON:-}
if [ -z "$python" ]; then
  prepare_pytorch
  python=$pytorch_venv/bin/python
fi
# Every file is at hand: nothing may be asked of a hub.
# One thread: the models are tiny, and threads that wait for each other on a busy machine take minutes.
export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
