#!/bin/bash
# flxlink match beside SQLite and DuckDB: the same two CSV files, two rules with uniqueness on both sides, and the same
# links, which is checked.
#
#   bash bench/compare/match.sh [ROWS, default 1000000] [FLXLINK, default build/release/flxlink]
#
# DuckDB comes from PyPI into a virtual environment beside the data; both are kept in ${TMPDIR:-/tmp}/flxlink-compare.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
rows=${1:-1000000}
program=${2:-$here/../../build/release/flxlink}
work=${TMPDIR:-/tmp}/flxlink-compare

mkdir -p "$work"
if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
fi
"$work/venv/bin/python" -c 'import duckdb' 2>/dev/null || "$work/venv/bin/pip" install --quiet duckdb
exec "$work/venv/bin/python" "$here/match.py" --rows "$rows" --flxlink "$program" --work "$work"
