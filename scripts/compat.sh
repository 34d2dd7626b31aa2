#!/usr/bin/env bash
# Holds embedd to clients that exist: the openai package, LangChain for Python and JavaScript, the AI SDK, grpcurl, and a
# stub generated from tei.proto.
# HIVES_COMPAT_TEI=FILE takes upstream's own tei.proto in place of this project's.
# Where python3, venv, npm or the registries are missing it says so and exits 0: nothing else needs them.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${HIVES_CACHE:-$here/.cache}/compat
pins=(openai==3.57.0 langchain-openai==1.7.4 grpcio==1.85.1 grpcio-tools==1.85.1)
modules=(ai@6.0.326 @ai-sdk/openai@3.0.141 @langchain/openai@1.5.8 @langchain/core@1.4.0)
grpcurl=v1.9.3

skip() { echo "compatibility tests skipped: $*" >&2; exit 0; }

# The stamp tells whether the tools are whole and current.
if [ "$(cat "$tools/stamp" 2>/dev/null)" != "${pins[*]} ${modules[*]} $grpcurl" ]; then
  command -v python3 >/dev/null || skip "python3 is not on the PATH"
  rm -rf "$tools"
  python3 -m venv "$tools/venv" >/dev/null 2>&1 || skip "python3 has no venv with pip"
  "$tools/venv/bin/pip" install --quiet "${pins[@]}" || skip "pip could not bring ${pins[*]}"
  command -v npm >/dev/null || skip "npm is not on the PATH"
  mkdir -p "$tools/js"
  npm install --prefix "$tools/js" --silent --no-audit --no-fund "${modules[@]}" || skip "npm could not bring ${modules[*]}"
  GOFLAGS=-mod=mod GOBIN=$tools go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl" || skip "go could not bring grpcurl $grpcurl"
  echo "${pins[*]} ${modules[*]} $grpcurl" > "$tools/stamp"
fi
cd "$here"
HIVES_COMPAT_PYTHON=$tools/venv/bin/python HIVES_COMPAT_GRPCURL=$tools/grpcurl \
  HIVES_COMPAT_NODE=$(command -v node) HIVES_COMPAT_MODULES=$tools/js \
  go test -tags compat -run '^TestCompat' -count 1 -v ./internal/serve/daemon
