#!/usr/bin/env bash
# Prints a Python of at least 3.11 that can make virtual environments.
set -euo pipefail

# A name on PATH may be a shim for a Python that is not there, so each candidate is run.
answers() { "$1" -c "$2" >/dev/null 2>&1; }
first_that_answers() {
  local python
  for python in python3 python3.11 python3.12 python3.13 python3.14; do
    if answers "$python" "import sys; assert sys.version_info >= (3, 11); $1"; then
      echo "$python"
      return
    fi
  done
  return 1
}

# Debian and Ubuntu ship Python without these two modules.
complete="import ensurepip, venv"

if python=$(first_that_answers "$complete"); then
  echo "$python"
elif python=$(first_that_answers ""); then
  version=$("$python" -c "import sys; print('%d.%d' % sys.version_info[:2])")
  "$(dirname "$0")/apt_install.sh" "python$version-venv"
  first_that_answers "$complete"
else
  echo "catgrad needs Python 3.11 or later, which this machine lacks: install it" \
    "(on Debian 12 or Ubuntu 24.04: \`sudo apt-get install python3 python3-venv\`)," \
    "then \`make\` again." >&2
  exit 1
fi
