"""`norm=casefold` over every code point, against Python's own case folding (full, without normalization)."""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter

NEWEST_UNICODE = 15  # Of the program's tables: newer ones may fold more.


def code_points():
    return [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]


def write_side(path, values):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["id", "value"])
        writer.writerows((f"{number:x}", value) for number, value in enumerate(values))


def match(program, folder, listings, channel):
    """(state, channel id, reason) of every row."""
    paths = [os.path.join(folder, name) for name in ("listings.csv", "channel.csv")]
    for path, values in zip(paths, (listings, channel)):
        write_side(path, values)
    command = [program, "match", "--listings", paths[0], "--channel", paths[1], "--rule", "value=value,norm=casefold"]
    run = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    return [(row["state"], row["channel_id"], row["reason"]) for row in csv.DictReader(run.stdout.splitlines())]


def compare(what, got, want):
    wrong = [number for number, pair in enumerate(zip(got, want)) if pair[0] != pair[1]]
    for number in wrong[:10]:
        print(f"{what}: U+{ord(code_points()[number]):04X}: {got[number]}, not {want[number]}")
    return not wrong and len(got) == len(want)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", help="the repository; not used here")
    options = parser.parse_args()
    if int(unicodedata.unidata_version.split(".")[0]) > NEWEST_UNICODE:
        print(f"skipped: this Python has Unicode {unicodedata.unidata_version}")
        return 77
    characters = code_points()
    with tempfile.TemporaryDirectory(prefix="flxlink-casefold-") as folder:
        # Each character must fold to what Python folds it to; a number before it keeps the rows apart.
        plain = [f"{number:x} {c}" for number, c in enumerate(characters)]
        folded = [f"{number:x} {c.casefold()}" for number, c in enumerate(characters)]
        want = [("linked", f"{number:x}", "") for number in range(len(characters))]
        right = compare("folds to", match(options.flxlink, folder, plain, folded), want)
        # And no two may fold to the same that Python keeps apart.
        alike = Counter(c.casefold() for c in characters)
        for number, c in enumerate(characters):
            if alike[c.casefold()] > 1:
                want[number] = ("unlinked", "", "ambiguous_listing")
        marked = ["x" + c for c in characters]
        right = compare("stays apart", match(options.flxlink, folder, marked, marked), want) and right
    print(f"{len(characters)} code points: {'all fold as in Python' if right else 'not all fold as in Python'}")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
