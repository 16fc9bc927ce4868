#!/bin/sh
# Resolve pyproject.toml in an empty environment and write what came out to constraints.txt.
set -eu
cd "$(dirname "$0")/.."
rm -rf build/lock
${PYTHON:-python3} -m venv build/lock
build/lock/bin/python -m pip install --quiet --disable-pip-version-check ".[test,boards,fuzz]"
{
    echo "# Every package that the pinned ones of pyproject.toml pull in. Written by \`make lock\`."
    build/lock/bin/python -m pip freeze --exclude v90-gateware
} >build/constraints.txt
mv build/constraints.txt constraints.txt
rm -rf build/lock
