#!/usr/bin/env bash
# tools/apt_install.sh PACKAGE... : installs packages of Debian or Ubuntu where that needs no
# password; elsewhere says, in one sentence, which command does it, and fails.
set -euo pipefail

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi

if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
  echo "Installing $* with apt-get ..." >&2
  # A new machine has no package lists yet; they are fetched only when the install needs them.
  install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
           apt-get install -y -qq --no-install-recommends "$@")
  if "${install[@]}" >/dev/null 2>&1; then exit; fi
  if "${as_root[@]}" apt-get update -qq >&2 && "${install[@]}" >/dev/null; then exit; fi
fi

echo "catgrad needs $*, which this machine lacks: run" \
  "\`sudo apt-get install $*\` (or your system's equivalent), then \`make\` again." >&2
exit 1
