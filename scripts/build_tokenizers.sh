#!/usr/bin/env bash
# Compile libtokenizers.a, the C library that github.com/daulet/tokenizers links (build tag daulet).
#
# The Rust source is the one inside the Go module, which go.sum pins. Two things differ from upstream's own
# build: only its FFI crate is built, without the rest of the workspace, and tiktoken-rs, which upstream
# takes from a git branch, is the released crate, so that the registry alone is enough. Only FromTiktoken
# reaches that crate, and this project never calls it.
#
#   scripts/build_tokenizers.sh                  build third_party/lib/libtokenizers.a if it is not current
#   LOCK_UPDATE=1 scripts/build_tokenizers.sh    derive third_party/tokenizers.Cargo.lock anew, then build
#
# Needs cargo and a C compiler. JOBS limits the parallel compilers.
set -euo pipefail
cd "$(dirname "$0")/.."

module=github.com/daulet/tokenizers
tiktoken=0.9.1 # the newest release whose decode still takes a slice, as the FFI crate calls it
lock=third_party/tokenizers.Cargo.lock
out=third_party/lib
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN)}

die() { echo "build_tokenizers: $*" >&2; exit 1; }

command -v cargo >/dev/null || die "cargo is not on PATH; install Rust, or use the default tokenizer, which needs none"
[ -n "${LOCK_UPDATE:-}" ] || [ -f "$lock" ] || die "$lock is absent; run with LOCK_UPDATE=1 once and commit it"

go mod download "$module"
read -r version source < <(go list -m -f '{{.Version}} {{.Dir}}' "$module")

# Everything the archive depends on; the same line means the same archive.
recipe() { echo "$version tiktoken-rs $tiktoken $(rustc --version) $(sha256sum < "$lock" | cut -d' ' -f1)"; }

if [ -z "${LOCK_UPDATE:-}" ] && [ -f "$out/libtokenizers.a" ] && [ "$(cat "$out/recipe" 2>/dev/null)" = "$(recipe)" ]; then
  echo "build_tokenizers: $out/libtokenizers.a is current ($version)"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$source/crates/tokenizers/." "$work"
chmod -R u+w "$work"

sed "s|^tiktoken-rs *=.*|tiktoken-rs = \"=$tiktoken\"|" "$source/crates/tokenizers/Cargo.toml" > "$work/Cargo.toml"
! grep -q 'git *=' "$work/Cargo.toml" || die "upstream has a git dependency that this script does not know"
printf '\n[profile.release]\nlto = true\ncodegen-units = 1\nstrip = "debuginfo"\n' >> "$work/Cargo.toml"

if [ -n "${LOCK_UPDATE:-}" ]; then
  cp "$source/Cargo.lock" "$work/Cargo.lock" # upstream's pins hold for all but the replaced crate
  chmod u+w "$work/Cargo.lock"
  (cd "$work" && cargo fetch)
  mkdir -p "$(dirname "$lock")"
  cp "$work/Cargo.lock" "$lock"
fi
cp "$lock" "$work/Cargo.lock"
(cd "$work" && cargo build --release --locked --lib --jobs "$jobs")

mkdir -p "$out"
cp "$work/target/release/libtokenizers_ffi.a" "$out/libtokenizers.a.tmp"
mv "$out/libtokenizers.a.tmp" "$out/libtokenizers.a"
recipe > "$out/recipe"
echo "build_tokenizers: $out/libtokenizers.a ($version)"
