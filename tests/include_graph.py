"""Fails on an include that points against the architecture: cli -> engine -> {jobs, sync, linker} -> model, with storage and channels
knowing only the public headers and the model.

    python3 tests/include_graph.py SOURCE_DIR

It first shows on sources of its own that it notices each kind of forbidden include.
"""

import pathlib
import re
import sys
import tempfile

# What each folder of src/ may include besides itself and include/flxlink/. csv is text parsing that the csv channel shares with the
# files of the command line.
ALLOWED = {
    "model": set(),
    "csv": {"model"},
    "linker": {"model"},
    "sync": {"model"},
    "jobs": {"model"},
    "storage": {"model"},
    "storage/memory": {"model", "storage"},
    "storage/sqlite": {"model", "storage"},
    "channels/csv": {"model", "csv"},
    "channels/simulated": {"model"},
    "engine": {"jobs", "sync", "linker", "model"},
    "cli": set(),
}

# No thread, clock, file or database in these.
PURE = {"model", "linker", "sync", "jobs"}
IMPURE_HEADERS = re.compile(r"<(thread|mutex|condition_variable|chrono|fstream|iostream|sqlite3\.h|unistd\.h|fcntl\.h)>|"
                            r"\"absl/(synchronization|random)/|\"absl/time/clock\.h\"")
# The model holds the two edges to the machine that the public headers promise, each in a file of its own.
IMPURE_FILES = {"src/model/clock.cc", "src/model/executor.cc", "src/model/channel_adapter.cc"}

# Public headers that only these folders implement or use: nobody below the engine sees it, and nobody but a program its files.
FACADES = {"flxlink/engine.h": {"engine", "cli"}, "flxlink/catalog_csv.h": {"csv", "cli"}}

INCLUDE = re.compile(r"^\s*#\s*include\s+([<\"][^>\"]+[>\"])", re.MULTILINE)


def folder_of(path):
    parts = path.parts[1:-1]
    return "/".join(parts[:2] if parts[0] in ("storage", "channels") else parts[:1])


def violations(root):
    edges = {}
    found = []
    for file in sorted((root / "src").rglob("*")):
        if file.suffix not in (".h", ".cc"):
            continue
        path = file.relative_to(root)
        folder = folder_of(path)
        if folder not in ALLOWED:
            found.append(f"{path}: the folder {folder} is not part of the architecture; add it to tests/include_graph.py")
            continue
        for include in INCLUDE.findall(file.read_text(encoding="utf-8")):
            name = include.strip("<>\"")
            if folder in PURE and str(path) not in IMPURE_FILES and IMPURE_HEADERS.match(include):
                found.append(f"{path}: includes {include}, but {folder} is pure")
            if name in FACADES and folder not in FACADES[name]:
                found.append(f"{path}: includes {name}, which {folder} must not know")
            if not name.startswith("src/"):
                continue
            target = folder_of(pathlib.PurePosixPath(name))
            edges.setdefault(folder, set()).add(target)
            if target != folder and target not in ALLOWED[folder]:
                found.append(f"{path}: includes {name}, but {folder} may not depend on {target}")
    for file in sorted((root / "include").rglob("*.h")):
        for include in INCLUDE.findall(file.read_text(encoding="utf-8")):
            if not re.match(r"<[a-z_0-9]+>$|\"(absl|flxlink)/", include):
                found.append(f"{file.relative_to(root)}: includes {include}; public headers stand on the language, abseil and flxlink")
    return edges, found


# A file, an include that it must not have, and words of the complaint.
FORBIDDEN = [
    ("src/model/a.cc", '"src/linker/linker.h"', "may not depend on linker"),
    ("src/linker/a.cc", '"src/storage/memory/x.h"', "may not depend on storage/memory"),
    ("src/sync/a.h", '"src/engine/x.h"', "may not depend on engine"),
    ("src/storage/sqlite/a.cc", '"src/jobs/queue.h"', "may not depend on jobs"),
    ("src/channels/simulated/a.cc", '"src/csv/csv_reader.h"', "may not depend on csv"),
    ("src/cli/a.cc", '"src/engine/worker.h"', "may not depend on engine"),
    ("src/jobs/a.cc", '"flxlink/engine.h"', "must not know"),
    ("src/linker/a.cc", "<thread>", "is pure"),
    ("src/sync/a.cc", '"absl/time/clock.h"', "is pure"),
    ("src/other/a.cc", "<vector>", "not part of the architecture"),
    ("include/flxlink/a.h", "<sqlite3.h>", "public headers"),
]


def complaints_missed():
    missed = []
    for name, include, words in FORBIDDEN:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for sub in ("src", "include"):
                (root / sub).mkdir()
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"#include {include}\n", encoding="utf-8")
            _, found = violations(root)
            if len(found) != 1 or words not in found[0]:
                missed.append(f"{name} with {include}: expected a complaint with '{words}', got {found}")
    return missed


def main():
    root = pathlib.Path(sys.argv[1])
    missed = complaints_missed()
    for line in missed:
        print(line, file=sys.stderr)
    edges, found = violations(root)
    for folder in ALLOWED:
        targets = sorted(edges.get(folder, set()) - {folder})
        print(f"{folder} -> {', '.join(targets) or '-'}")
    for line in found:
        print(line, file=sys.stderr)
    print(f"{len(edges)} folders, {len(found)} forbidden includes; {len(FORBIDDEN) - len(missed)} of {len(FORBIDDEN)} kinds noticed")
    return 1 if found or missed or not edges else 0


if __name__ == "__main__":
    sys.exit(main())
