#!/usr/bin/env bash
# Sets flxlink up on a bare Debian 12, builds it and runs every test. Safe to repeat: what is there is not done again. Uses sudo only
# for apt.
#
#   bash tests/run.sh [PRESET]      PRESET: release (the default), debug, asan or tsan
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-release}

echo "Set-up: the Debian packages of cmake/packages.txt"
bash cmake/install_packages.sh
echo "Build, preset $preset"
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" -- --quiet
echo "Tests, preset $preset"
ctest --preset "$preset" --parallel "$(nproc)"
