"""Fails on an include that points against the architecture: cli -> engine -> {jobs, sync, linking -> linker} -> model, with storage and
channels knowing only the public headers and the model; and on a name that is not in its folder's namespace, or in two folders.

    python3 tests/include_graph.py SOURCE_DIR

It first shows on sources of its own that it notices each kind of what is forbidden.
"""

import pathlib
import re
import sys
import tempfile

import source_names

# What each folder of src/ may include besides itself and include/flxlink/. csv is text parsing that the channels share with the
# files of the command line.
ALLOWED = {
    "model": set(),
    "files": {"model"},
    "credentials": {"model", "files"},
    "csv": {"model", "files"},
    "linker": {"model"},
    "linking": {"model", "linker"},
    "sync": {"model"},
    "jobs": {"model"},
    "storage": {"model"},
    "storage/memory": {"model"},
    "storage/sqlite": {"model"},
    "channels/csv": {"model", "files", "csv"},
    "channels/simulated": {"model", "files", "csv"},
    "engine": {"jobs", "sync", "linking", "model"},
    "cli": set(),
}

# The namespace of each folder's names; only what include/flxlink/ declares is directly in flxlink.
NAMESPACES = {folder: "flxlink::" + folder.split("/")[-1] for folder in ALLOWED}
NAMESPACES["channels/csv"] = "flxlink::csv_channel"  # csv is taken.

# No thread, clock, file or database in these.
PURE = {"model", "linker", "linking", "sync", "jobs"}
IMPURE_HEADERS = re.compile(r"<(thread|mutex|condition_variable|chrono|fstream|iostream|sqlite3\.h|unistd\.h|fcntl\.h)>|"
                            r"\"absl/(synchronization|random)/|\"absl/time/clock\.h\"")
# The model holds the edges to the machine that the public headers promise, each in a file of its own.
IMPURE_FILES = {"src/model/bell.cc", "src/model/clock.cc", "src/model/executor.cc"}

# Public headers that only these folders implement or use: nobody below the engine sees it, nobody but a program its files, and
# nobody but a storage the kit; what can be kept, the engine too.
FACADES = {"flxlink/engine.h": {"engine", "cli"}, "flxlink/catalog_csv.h": {"csv", "cli"},
           **{f"flxlink/storage_kit/{kit}.h": {"storage", "storage/memory", "storage/sqlite"} for kit in ("content", "errors", "retention", "rules")},
           "flxlink/storage_kit/limits.h": {"storage", "storage/memory", "storage/sqlite", "engine"}}

INCLUDE = re.compile(r"^\s*#\s*include\s+([<\"][^>\"]+[>\"])", re.MULTILINE)


def folder_of(path):
    parts = path.parts[1:-1]
    return "/".join(parts[:2] if parts[0] in ("storage", "channels") else parts[:1])


def sources_of(root):
    """Path from the root, and file, of each source in src/."""
    for file in sorted((root / "src").rglob("*")):
        if file.suffix in (".h", ".cc"):
            yield file.relative_to(root), file


def forbidden_names(root):
    public = {(name.namespace, name.name)
              for file in (root / "include").rglob("*.h")
              for name in source_names.declared_names(file.read_text(encoding="utf-8"))}
    found = []
    homes = {}  # By name: the folder that has it.
    for path, file in sources_of(root):
        folder = folder_of(path)
        own = NAMESPACES.get(folder, "")
        for name in source_names.declared_names(file.read_text(encoding="utf-8")):
            home = homes.setdefault(name, folder)
            if home != folder:
                found.append(f"{path}: {name} is in {home} too; a program has a name once")
            if (name.namespace + "::").startswith(own + "::") or (folder, str(name)) == ("cli", "::main(int,char**)"):
                continue
            if file.suffix == ".h":
                found.append(f"{path}: declares {name}; headers of {folder} declare in {own} only")
            elif (name.namespace, name.name) not in public:
                found.append(f"{path}: {name} is in no public header, and belongs into {own} or an anonymous namespace")
    return found


def forbidden_includes(root):
    edges = {}
    found = []
    for path, file in sources_of(root):
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
            # The conformance suites are tests, and installed.
            if file.parent.name == "conformance" and include == '"gtest/gtest.h"':
                continue
            if not re.match(r"<[a-z_0-9]+>$|\"(absl|flxlink)/", include):
                found.append(f"{file.relative_to(root)}: includes {include}; public headers stand on the language, abseil and flxlink")
    return edges, found


# Files and their text, and words of the one complaint about them.
FORBIDDEN = [
    ({"src/model/a.cc": '#include "src/linker/linker.h"'}, "may not depend on linker"),
    ({"src/linker/a.cc": '#include "src/storage/memory/x.h"'}, "may not depend on storage/memory"),
    ({"src/linking/a.cc": '#include "src/engine/x.h"'}, "may not depend on engine"),
    ({"src/linking/a.cc": "#include <fstream>"}, "is pure"),
    ({"src/engine/a.cc": '#include "src/linker/x.h"'}, "may not depend on linker"),
    ({"src/sync/a.h": '#include "src/engine/x.h"'}, "may not depend on engine"),
    ({"src/storage/sqlite/a.cc": '#include "src/jobs/queue.h"'}, "may not depend on jobs"),
    ({"src/storage/memory/a.cc": '#include "src/csv/csv_reader.h"'}, "may not depend on csv"),
    ({"src/cli/a.cc": '#include "src/engine/worker.h"'}, "may not depend on engine"),
    ({"src/jobs/a.cc": '#include "flxlink/engine.h"'}, "must not know"),
    ({"src/engine/a.cc": '#include "flxlink/storage_kit/rules.h"'}, "must not know"),
    ({"src/storage/memory/a.cc": '#include "src/storage/x.h"'}, "may not depend on storage"),
    ({"src/linker/a.cc": "#include <thread>"}, "is pure"),
    ({"src/sync/a.cc": '#include "absl/time/clock.h"'}, "is pure"),
    ({"src/other/a.cc": "#include <vector>"}, "not part of the architecture"),
    ({"include/flxlink/a.h": "#include <sqlite3.h>"}, "public headers"),
    ({"include/flxlink/a.h": '#include "gtest/gtest.h"'}, "public headers"),
    # The names that once made link jobs crash.
    ({"include/flxlink/a.h": "namespace flxlink { class LinkWriter {}; }",
      "src/engine/a.cc": "namespace flxlink { class LinkWriter { int rows_; }; }",
      "src/storage/sqlite/a.cc": "namespace flxlink {\nclass LinkWriter {\n  void Write();\n};\n}"}, "engine too"),
    ({"include/flxlink/a.h": "namespace flxlink { int Count(int rows); }",
      "src/model/a.cc": "namespace flxlink { int Count(int rows) { return rows; } }",
      "src/csv/a.cc": "namespace flxlink { int Count(int n = 1) { return -n; } }"}, "csv too"),
    ({"src/engine/a.h": "namespace flxlink { class LinkWriter {}; }"}, "declare in flxlink::engine only"),
    ({"src/storage/sqlite/a.h": "namespace flxlink::engine { enum class Kind { kA }; }"}, "declare in flxlink::sqlite only"),
    ({"src/channels/csv/a.h": "namespace flxlink::csv { using Id = int; }"}, "declare in flxlink::csv_channel only"),
    ({"src/linking/a.h": "namespace flxlink::linker { constexpr int kMost = 3; }"}, "declare in flxlink::linking only"),
    ({"src/jobs/a.h": "int Next(int job);"}, "declare in flxlink::jobs only"),
    ({"src/engine/a.cc": "namespace flxlink { struct Pass { int number; }; }"}, "in no public header"),
    ({"src/sync/a.cc": "namespace flxlink { template <typename T> T Max(T a, T b) { return a < b ? b : a; } }"}, "in no public header"),
]

# What looks like it, and is right.
ALLOWED_NAMES = {
    "include/flxlink/a.h": "namespace flxlink { class A { class Impl; void F(); }; int Size(const A& a); int Size(int n); }",
    "src/model/a.cc": "namespace flxlink { void A::F() { if (1) { return; } } int Size(const A& a) { return 1; } }",
    "src/csv/a.cc": "namespace flxlink { class A::Impl {}; int Size(int n) { return n; } namespace { class Row {}; int Max() { return 1; } } }",
    "src/csv/b.h": "namespace flxlink { class A; }  // class Lost {\nnamespace flxlink::csv { class Row { char c = '{'; }; }",
    "src/engine/a.h": "namespace flxlink::engine { class Row; class Row { const char* text = \"} class Lost {\"; }; }",
    "src/engine/a.cc": "namespace flxlink { namespace { class Row {}; int Max() { return 1; } } }",
    "src/cli/main.cc": "int main(int argc, char** argv) { return argc; }",
}


def violations_of(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n", encoding="utf-8")
        return forbidden_includes(root)[1] + forbidden_names(root)


def complaints_missed():
    missed = []
    for files, words in FORBIDDEN:
        found = violations_of(files)
        if len(found) != 1 or words not in found[0]:
            missed.append(f"{files}: expected one complaint with '{words}', got {found}")
    found = violations_of(ALLOWED_NAMES)
    if found:
        missed.append(f"{ALLOWED_NAMES}: expected no complaint, got {found}")
    return missed


def main():
    root = pathlib.Path(sys.argv[1])
    missed = complaints_missed()
    for line in missed:
        print(line, file=sys.stderr)
    edges, found = forbidden_includes(root)
    names = forbidden_names(root)
    for folder in ALLOWED:
        targets = sorted(edges.get(folder, set()) - {folder})
        print(f"{folder} -> {', '.join(targets) or '-'}")
    for line in found + names:
        print(line, file=sys.stderr)
    print(f"{len(edges)} folders, {len(found)} forbidden includes, {len(names)} forbidden names; "
          f"{len(missed)} of {len(FORBIDDEN) + 1} checks of this program failed")
    return 1 if found or names or missed or not edges else 0


if __name__ == "__main__":
    sys.exit(main())
