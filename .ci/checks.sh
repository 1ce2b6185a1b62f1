#!/bin/bash
# Builds the compiled parts with bounds checks into build/checks/ (beside the normal build) and runs
# the tests of the data plane there.  An index error inside a nogil function cannot be raised to its
# caller; Python reports it as unraisable, and here that fails the test.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$PWD/${VENV:-.venv}/bin/python
tree=build/checks

mkdir -p "$tree" build/log
find "$tree" -name '*.so' -prune -o -type f -print0 | xargs -0 --no-run-if-empty rm -f
echo "  Building with bounds checks"
MEDIASERVER_CHECKS=1 "$python" setup.py -q build --build-lib "$tree" \
    --build-temp build/checks-temp >build/log/checks.log 2>&1 ||
    { tail -n 30 build/log/checks.log; exit 1; }
cp -r docs tests pyproject.toml "$tree/"
cd "$tree"
dirs=()
for dir in tests/dsp tests/dsp_ext tests/kernels tests/engine tests/drivers; do
    if [ -d "$dir" ]; then dirs+=("$dir"); fi
done
"$python" -c 'import dsp_ext, pathlib, sys
here = pathlib.Path(dsp_ext.__file__).resolve()
sys.exit(0 if here.is_relative_to(pathlib.Path.cwd()) else f"the unchecked build was imported: {here}")'
exec "$python" -m pytest "${dirs[@]}" -W error::pytest.PytestUnraisableExceptionWarning -rs "$@"
