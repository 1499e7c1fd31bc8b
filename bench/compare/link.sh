#!/bin/bash
# flxlink's linking beside DuckDB, Polars and SQLite: the same made-up data, the same links (which is checked), one run.
#
#   bash bench/compare/link.sh [ROWS, default 1000000] [--only NAME,…] [--skip NAME,…] [--repeat N] [--sqlite-rows N]
#
# Contenders: memory, csv (flxlink); sqlite-full, sqlite-incremental, sqlite-bare, sqlite-sql (in a store; left out above
# --sqlite-rows, default 1000000, since it takes long to fill); duckdb-memory, duckdb-csv, polars-memory, polars-csv,
# sqlite-csv (Python's sqlite3).
#
# Builds what it needs (preset release; FLXLINK_BUILD names another build's folder, to be used as it is). DuckDB and
# Polars come from PyPI into a virtual environment beside the data; all is kept in ${TMPDIR:-/tmp}/flxlink-compare.
set -euo pipefail

duckdb=2.0.0
polars=2.1.0

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${TMPDIR:-/tmp}/flxlink-compare
rows=1000000
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  rows=$1
  shift
fi

build=${FLXLINK_BUILD:-}
if [ -z "$build" ]; then
  build=$root/build/release
  (cd "$root" && cmake --preset release >/dev/null && cmake --build --preset release --target flxlink_cli link_run)
fi
mkdir -p "$work"
if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv"
fi
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "duckdb==$duckdb" "polars==$polars"
exec "$work/venv/bin/python" "$here/link.py" --rows "$rows" --build "$build" --work "$work" "$@"
