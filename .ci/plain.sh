#!/bin/bash
# Builds the kernels in plain C, as processors other than x86-64 get them, into build/plain/ (beside
# the normal build), and compares what the two builds make of the same signals.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$PWD/${VENV:-.venv}/bin/python
tree=build/plain

mkdir -p "$tree" build/log
find "$tree" -name '*.so' -prune -o -type f -print0 | xargs -0 --no-run-if-empty rm -f
echo "  Building in plain C"
MEDIASERVER_PLAIN=1 "$python" setup.py -q build --build-lib "$tree" \
    --build-temp build/plain-temp --parallel "$(nproc)" >build/log/plain.log 2>&1 ||
    { tail -n 30 build/log/plain.log; exit 1; }
exec "$python" -m pytest tests/dsp/test_processors.py "$@"
