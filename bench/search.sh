#!/usr/bin/env bash
# Sets the search for the nearest of stored vectors of 1,024 numbers beside NumPy: the same queries, in turns, in one run,
# on one thread and on all.
#
#   bench/search.sh [COUNT]              100000 vectors unless told otherwise; 10^6 need 9 GB of memory
#
# Needs a Python with NumPy: that of scripts/roundtrip.sh, or HIVES_ROUNDTRIP_PYTHON.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${HIVES_CACHE:-$here/.cache}
python=${HIVES_ROUNDTRIP_PYTHON:-$cache/python-roundtrip/bin/python}
[ -x "$python" ] || { echo "search: $python is missing: run scripts/roundtrip.sh first" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && GOEXPERIMENT=${GOEXPERIMENT-simd} go build -o "$work/search" ./bench/search)
for threads in 1 $(nproc); do
  OMP_NUM_THREADS=$threads GOMAXPROCS=$threads "$python" "$here/bench/search/beside_numpy.py" "$work/search" "$work" "${1:-100000}"
done
