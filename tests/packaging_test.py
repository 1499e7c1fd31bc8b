"""The library as others use it.

    python3 tests/packaging_test.py outside|subproject|platform --cmake C --build DIR --source DIR --compiler CXX --c-compiler CC

outside: what is built in DIR is installed, and tests/outside is built from the installed tree alone and run. subproject: a small host has
the library as a part of its build, on a machine that has no package of its tests, benchmarks and program. platform: elsewhere than on
Linux it says so.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

# What only the tests, the benchmarks and the program need.
UNNEEDED = ("GTest", "benchmark", "CLI11", "nlohmann_json", "Python3")

HOST_PROJECT = """cmake_minimum_required(VERSION 3.25)
project(host LANGUAGES CXX)
add_subdirectory("{source}" flxlink)
if(DEFINED CMAKE_CXX_STANDARD OR CMAKE_BUILD_TYPE OR CMAKE_POSITION_INDEPENDENT_CODE OR CMAKE_EXPORT_COMPILE_COMMANDS)
  message(FATAL_ERROR "flxlink sets what is its host's to set")
endif()
foreach(target flxlink_cli flxlink_test_support flxlink_link_data embed)
  if(TARGET ${{target}})
    message(FATAL_ERROR "flxlink builds ${{target}} unasked")
  endif()
endforeach()
add_executable(host main.cc)
target_link_libraries(host PRIVATE flxlink::flxlink)
"""

HOST = """#include <cstdio>
#include <memory>

#include "flxlink/memory_storage.h"

int main() {
  const std::unique_ptr<flxlink::Storage> storage = flxlink::NewMemoryStorage();
  const absl::StatusOr<int64_t> id = storage->ReserveIds(1);
  std::printf("first id %d\\n", id.ok() ? static_cast<int>(*id) : -1);
  return id.ok() ? 0 : 1;
}
"""


def run(*command):
    """Its output; ends the test with that where the command fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def configure(args, source, build, *options):
    return run(args.cmake, "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={args.compiler}",
               f"-DCMAKE_C_COMPILER={args.c_compiler}", *options)


def test_outside(args, folder):
    prefix, build = folder / "prefix", folder / "build"
    shutil.rmtree(folder, ignore_errors=True)
    run(args.cmake, "--install", args.build, "--prefix", prefix)
    configure(args, args.source / "tests" / "outside", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    compiled = (build / "build.ninja").read_text(encoding="utf-8")
    if f"-I{args.source}" in compiled or f"-isystem {args.source}/include" in compiled:
        sys.exit("the outside project sees the source tree")
    run(args.cmake, "--build", build)
    run(args.cmake, "-E", "chdir", build, "ctest", "--output-on-failure", "--no-tests=error")
    # Those that pass, at the least; what the two cannot do is skipped by name.
    for program, suite, least in (("storage_test", "Counting/StorageConformance", 200),
                                  ("channel_test", "Board/ChannelConformance", 30),
                                  ("channel_test", "TroubledBoard/ChannelConformance", 30),
                                  ("channel_test", "Board/TroubledBoardTest", 15)):
        output = run(build / program)
        count = output.count(f"[       OK ] {suite}.")
        if count < least:
            sys.exit(f"{program}: only {count} tests of {suite} passed\n{output}")
        print(f"{program}: {count} tests of {suite} passed")


def test_subproject(args, folder):
    """Its build is kept, so that a second run builds only what changed."""
    host = folder / "host"
    host.mkdir(parents=True, exist_ok=True)
    for name, text in (("CMakeLists.txt", HOST_PROJECT.format(source=args.source)), ("main.cc", HOST)):
        (host / name).write_text(text, encoding="utf-8")
    configure(args, host, folder / "build", *(f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in UNNEEDED))
    run(args.cmake, "--build", folder / "build", "--target", "host")
    print(run(folder / "build" / "host"), end="")


def test_platform(args, folder):
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run([args.cmake, "-S", args.source, "-B", folder, "-G", "Ninja", "-DCMAKE_SYSTEM_NAME=FreeBSD",
                           "-DCMAKE_C_COMPILER_WORKS=ON", "-DCMAKE_CXX_COMPILER_WORKS=ON",
                           f"-DCMAKE_CXX_COMPILER={args.compiler}", f"-DCMAKE_C_COMPILER={args.c_compiler}"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    expected = "  flxlink builds on Linux only, not on FreeBSD; README.md says why.\n"
    if done.returncode == 0 or expected not in done.stdout or done.stdout.count("CMake Error") != 1:
        sys.exit(f"expected one error, '{expected.strip()}'; got\n{done.stdout}")
    print(expected.strip())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("test", choices=("outside", "subproject", "platform"))
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--c-compiler", required=True)
    args = parser.parse_args()
    args.build, args.source = args.build.resolve(), args.source.resolve()
    {"outside": test_outside, "subproject": test_subproject, "platform": test_platform}[args.test](
        args, args.build / "packaging" / args.test)


if __name__ == "__main__":
    main()
