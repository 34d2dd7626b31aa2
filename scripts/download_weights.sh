#!/usr/bin/env bash
# Brings a pretrained model from a hub of the Hugging Face kind, or from its cache on this machine, into a model folder.
#
#   scripts/download_weights.sh                                  Qwen3-Embedding-0.6B at its pinned commit, into out/
#   scripts/download_weights.sh OWNER/NAME --revision REV --out DIR
#   scripts/download_weights.sh --dry-run                        files and sizes only
#
# The same as hives download, with all its flags; bin/hives is built if it is missing. A relative DIR counts from the
# folder that the script is called in. HF_ENDPOINT, HF_TOKEN, HF_HOME and proxies hold: docs/DOWNLOAD.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [ ! -x "$root/bin/hives" ]; then
  command -v go >/dev/null || { echo "download_weights: bin/hives is missing and Go is not on the PATH: install Go, then make build" >&2; exit 1; }
  (cd "$root" && go build -o bin/ ./cmd/hives)
fi
exec "$root/bin/hives" download "$@"
