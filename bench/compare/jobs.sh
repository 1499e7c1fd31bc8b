#!/bin/bash
# flxlink's jobs on SQLite beside plainjob, riversqlite and huey: jobs that do nothing, in one folder, in one run.
#
#   bash bench/compare/jobs.sh [JOBS, default 1000] [--only NAME,…] [--claims N] [--repeat N, default 3]
#
# Contenders: flxlink (its queue alone, and the whole engine), plainjob, riversqlite, huey. All commit with WAL and
# synchronous = FULL; how often each commits a job is counted by strace, where it is there. Phases: enqueue, one after the
# other; enqueue together: 1,000 in a call, for flxlink 50 threads with a call each; run N: N workers claim them, do
# nothing and finish them. Of each phase the best round counts, of --repeat.
#
# Builds what it needs (preset release; FLXLINK_BUILD names another build's folder, to be used as it is). The others
# come from npm, the Go proxy and PyPI, in these versions, into ${TMPDIR:-/tmp}/flxlink-compare, where the stores are
# made, too: that folder should lie on a disk. Needs node and npm with a C++ compiler, go, and python3. What is there
# already is not fetched again.
set -euo pipefail

plainjob=0.0.14
better_sqlite3=12.11.1
river=v0.51.2
go_sqlite=v1.62.0
huey=3.5.4

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=${TMPDIR:-/tmp}/flxlink-compare
jobs=1000
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  jobs=$1
  shift
fi

build=${FLXLINK_BUILD:-}
if [ -z "$build" ]; then
  build=$root/build/release
  (cd "$root" && cmake --preset release >/dev/null && cmake --build --preset release --target jobs_run)
fi

# Runs a command in a folder unless it ran there before, with these versions and this file.
once() {
  local folder=$1 mark=$2
  shift 2
  mkdir -p "$folder"
  if [ "$(cat "$folder/done" 2>/dev/null)" = "$mark" ]; then return; fi
  echo "setting up $folder: $mark"
  (cd "$folder" && "$@")
  echo "$mark" >"$folder/done"
}

install_plainjob() {
  echo '{"private": true}' >package.json
  npm install --no-audit --no-fund --loglevel=error "plainjob@$plainjob" "better-sqlite3@$better_sqlite3"
  cp "$here/jobs_plainjob.mjs" .
}

build_river() {
  rm -f go.mod go.sum
  cp "$here/jobs_river.go" main.go
  go mod init jobs_river
  go get "github.com/riverqueue/river@$river" "github.com/riverqueue/river/riverdriver/riversqlite@$river" \
    "modernc.org/sqlite@$go_sqlite"
  go mod tidy
  go build -o jobs_river .
}

install_huey() {
  [ -x ../venv/bin/python ] || python3 -m venv ../venv
  ../venv/bin/pip install --quiet --disable-pip-version-check "huey==$huey"
}

file_mark() { cksum <"$1" | cut -d' ' -f1; }
once "$work/npm" "plainjob $plainjob, better-sqlite3 $better_sqlite3, $(file_mark "$here/jobs_plainjob.mjs")" install_plainjob
once "$work/river" "river $river, modernc.org/sqlite $go_sqlite, $(file_mark "$here/jobs_river.go")" build_river
once "$work/huey" "huey $huey" install_huey
exec python3 "$here/jobs.py" --jobs "$jobs" --build "$build" --work "$work" --here "$here" "$@"
