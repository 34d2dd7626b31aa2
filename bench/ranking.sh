#!/usr/bin/env bash
# Sets package ranking beside choix on the same pairs: utilities compared, processor time and memory of each fit in a
# process of its own, and how our fit grows from 10^3 to 10^5 texts.
#
#   bench/ranking.sh                     some ten minutes of a processor, nearly all of it choix's
#
# Needs python3 with venv and pip, which bring choix into an environment of its own in the cache.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${HIVES_CACHE:-$here/.cache}
venv=$cache/python-choix
if ! [ -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import choix' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet choix==0.4.1 numpy scipy
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && GOEXPERIMENT=${GOEXPERIMENT-simd} go build -o "$work/ranking" ./bench/ranking)
OMP_NUM_THREADS=2 GOMAXPROCS=2 "$venv/bin/python" "$here/bench/ranking/beside_choix.py" "$work/ranking" "$work"
