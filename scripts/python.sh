#!/usr/bin/env bash
# Works on clients/python with pinned tools, in an environment of its own in the cache.
#
#   scripts/python.sh generate        # writes the stubs and the retry policy into the package
#   scripts/python.sh test            # installs the package from its folder, then mypy and pytest
#
# Where python3, venv or pip's packages are missing it says so and exits 0: nothing else needs them.
# The tests run the programs of $HIVES_BIN, by default bin/ of this checkout.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
client=$here/clients/python
pins=$client/requirements-test.txt
venv=${HIVES_CACHE:-$here/.cache}/python-client

skip() { echo "python client skipped: $*" >&2; exit 0; }

# A stamp with the pins' hash tells whether the environment is whole and current.
prepare() {
  local stamp=$venv/pins.sha256
  if [ -x "$venv/bin/python" ] && sha256sum --check --status "$stamp" 2>/dev/null; then return; fi
  command -v python3 >/dev/null || skip "python3 is not on the PATH"
  rm -rf "$venv"
  python3 -m venv "$venv" >/dev/null 2>&1 || skip "python3 has no venv with pip"
  "$venv/bin/pip" install --quiet --requirement "$pins" || skip "pip could not bring what $pins pins"
  sha256sum "$pins" > "$stamp"
}

prepare
cd "$client"
case ${1:-} in
  generate) "$venv/bin/python" generate.py ;;
  test)
    "$venv/bin/pip" install --quiet --no-deps --no-build-isolation --force-reinstall "$client"
    "$venv/bin/mypy" --cache-dir "$venv/mypy"
    "$venv/bin/python" -m pytest -p no:cacheprovider "${@:2}"
    ;;
  *) echo "python: say generate or test" >&2; exit 2 ;;
esac
