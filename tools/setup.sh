#!/bin/sh
# Set up .venv for the extras in $1, such as "test,boards", and check the system's packages.
#
# Root on Debian or Ubuntu: what is missing is installed. Otherwise one line says what to install.
# When everything is there this takes a small part of a second.
set -eu
cd "$(dirname "$0")/.."
extras=$1
stamp=.venv/setup-$extras
# The path is in it because a virtual environment that was moved does not work.
want="$PWD $(cat pyproject.toml setup.py constraints.txt tools/setup.sh | cksum)"

fail() {
    echo "setup: $*" >&2
    exit 1
}

# What the simulators need. perl is asked for FindBin because Debian's perl-base lacks it.
missing_tools() {
    for tool in g++ make iverilog; do
        command -v $tool >/dev/null 2>&1 || printf '%s ' $tool
    done
    perl -MFindBin -e 1 2>/dev/null || printf 'perl '
}

ready() {
    [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]
}

# Find an interpreter to build .venv from: sets python, and missing_python if packages must come
# first. cocotb loads the interpreter into the simulator and so needs it as a shared library, which
# a python3 built by hand or by pyenv may lack. Then the system's own is taken, for which
# libpython3.X can be installed.
choose_python() {
    python= missing_python= seen=
    for candidate in ${PYTHON:-python3 /usr/bin/python3}; do
        facts=$("$candidate" tools/python_facts.py 2>/dev/null) || continue
        # shellcheck disable=SC2086
        set -- $facts
        seen="$seen $1"
        case $2 in old) continue ;; esac
        if [ "$3 $4" = "shared venv" ]; then
            python=$candidate missing_python=
            return
        fi
        if [ -z "$python" ] && [ "$5" = system ]; then
            python=$candidate
            [ "$3" = shared ] || missing_python="libpython$1 "
            [ "$4" = venv ] || missing_python="${missing_python}python$1-venv "
        fi
    done
    [ -n "$python" ] || fail "Python 3.11 or newer with a shared libpython is needed" \
        "(found:${seen:- none}); please install one, or name it with PYTHON=/path/to/python3."
}

install() {
    packages=$*
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        fail "system packages are missing; please run: sudo apt-get install -y $packages"
    fi
    echo "setup: installing $packages"
    log=$(mktemp)
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $packages; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        fail "apt-get could not install $packages (its last lines are above)."
    fi
    rm -f "$log"
}

case "$(uname -sm)" in
    "Linux x86_64") ;;
    *) fail "the pinned simulators exist for x86-64 Linux, and this is $(uname -sm)." ;;
esac

missing=$(missing_tools)
if ready; then
    [ -z "$missing" ] || install $missing
    exit 0
fi

choose_python
missing="$missing$missing_python"
[ -z "$missing" ] || install $missing

# One that was copied or moved here from elsewhere, or whose interpreter is gone, is made anew.
if [ -d .venv ]; then
    prefix=$(.venv/bin/python -c 'import sys; print(sys.prefix)' 2>/dev/null) || prefix=
    for other in .venv/setup-*; do
        if [ -f "$other" ] && [ "$(cut -d' ' -f1 "$other")" != "$PWD" ]; then prefix=; fi
    done
    [ "$prefix" = "$PWD/.venv" ] || rm -rf .venv
fi
if [ ! -d .venv ]; then
    "$python" -m venv .venv || fail "$python could not make .venv."
fi
echo "setup: installing the pinned Python packages into .venv (a minute or two)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable ".[$extras]" \
    || fail "pip could not install the pinned packages (its message is above)."
[ -n "$(.venv/bin/python -m find_libpython)" ] \
    || fail "cocotb finds no libpython for .venv; remove .venv and try again."
echo "$want" >"$stamp"
