#!/usr/bin/env bash
# Works on the gRPC interface with pinned tools.
#
#   scripts/proto.sh generate              # lint, then write the Go code beside the .proto files
#   scripts/proto.sh check [AGAINST]       # lint, compare the Go code, and refuse changes that break clients
#
# AGAINST is a buf input, by default the last commit. buf comes from npm by version and SHA-512 into the cache
# ($HIVES_CACHE, or .cache of this checkout); the Go plugins come as modules. Nothing is sent anywhere.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=1.75.0
cache=${HIVES_CACHE:-$here/.cache}/buf-$version

fail() { echo "proto: $*" >&2; exit 1; }

install_buf() {
  local platform sum
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) platform=linux-x64 sum=606189031d25a4c084eda3168cd38971fa04686fdefa26079d30b8499d0fe5e4b821f7ccaf203d678fdb6f59b5c0d5c0109f004c530464e024ff9c7d544e3b8a ;;
    Linux-aarch64) platform=linux-aarch64 sum=797f97ca8933243aac348168f1bd4edc306f6e792c3a8ccf257e1056c367eb526a494b56b29c9335e62ac20f254436a770c2fe6c3a9910314f0018c0b1509019 ;;
    *) command -v buf >/dev/null || fail "no pinned buf for this platform: install buf $version"; buf=buf; return ;;
  esac
  buf=$cache/package/bin/buf
  [ -x "$buf" ] && return
  command -v npm >/dev/null || fail "npm is not on the PATH: install Node, or buf $version by hand as $buf"
  mkdir -p "$cache"
  (cd "$cache" && npm pack --silent "@bufbuild/buf-$platform@$version" >/dev/null)
  echo "$sum  $cache/bufbuild-buf-$platform-$version.tgz" | sha512sum --check --quiet || fail "buf is not the pinned one"
  tar -xzf "$cache/bufbuild-buf-$platform-$version.tgz" -C "$cache"
}

# generate writes the Go code beside the .proto files, and that of the baseline, a module of its own.
generate() {
  mkdir -p "$1"
  "$buf" generate --output "$1"
  "$buf" generate --output "$1" --template "$here/baselines/hugot/buf.gen.yaml" --path hives/v1/common.proto --path hives/v1/embed.proto
}

check() {
  fresh=$(mktemp -d) # global: the trap runs outside
  trap 'rm -rf "$fresh"' EXIT
  generate "$fresh/proto"
  (cd "$fresh" && find . -name '*.go') | while read -r file; do
    diff -q "$fresh/$file" "$here/$file" >/dev/null || fail "$file is not what the .proto files give: run make proto"
  done
  "$buf" breaking --against "${1:-$here/.git#ref=HEAD,subdir=proto}"
}

install_buf
cd "$here/proto"
"$buf" lint
"$buf" format --diff --exit-code
case ${1:-} in
  generate) generate . ;;
  check) check "${@:2}" ;;
  *) fail "say generate or check" ;;
esac
