#!/bin/sh
# Write to constraints.txt what an empty environment gets for all extras of pyproject.toml.
#
# What constraints.txt has already stays at its version where pyproject.toml allows it; --upgrade
# takes the newest of everything.
set -eu
cd "$(dirname "$0")/.."
kept="--constraint constraints.txt"
[ "${1:-}" != --upgrade ] || kept=
rm -rf build/lock
${PYTHON:-python3} -m venv build/lock
# shellcheck disable=SC2086
build/lock/bin/python -m pip install --quiet --disable-pip-version-check $kept \
    ".[test,boards,docs,fuzz,cluster]"
{
    echo "# The versions that \`make\` installs, of all that pyproject.toml asks for and what that"
    echo "# pulls in. Written by \`make lock\`."
    build/lock/bin/python -m pip freeze --all --exclude v90-gateware --exclude pip
} >build/constraints.txt
mv build/constraints.txt constraints.txt
rm -rf build/lock
