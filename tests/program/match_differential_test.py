"""Random catalogs through `flxlink match` and through the reference: not one byte may differ.

--catalogs N  how many (default 20000, times the environment's FLXLINK_TEST_SCALE)
--seed S      the first seed; a failure prints the command that repeats it alone
"""

import argparse
import concurrent.futures
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile

from match_generator import FIELDS, generate
from match_reference import Reference, as_csv, as_objects, csv_field

DEFAULT_CATALOGS = 20000
JSON_SHARE = 4  # One catalog in so many is compared as JSON.


def write_csv(path, header, rows, style):
    """Writes in one of the forms that RFC 4180 allows, as the style says."""
    end = "\r\n" if style.randrange(4) == 0 else "\n"
    always_quote = style.randrange(4) == 0
    lines = []
    for row in [header] + rows:
        cells = ['"' + cell.replace('"', '""') + '"' if always_quote else csv_field(cell) for cell in row]
        lines.append(",".join(cells) + end)
        if style.randrange(8) == 0:
            lines.append(end)
    text = "".join(lines)
    if style.randrange(4) == 0:
        text = text.rstrip("\r\n") + ("" if always_quote else end)
    mark = "\ufeff" if style.randrange(4) == 0 else ""
    with open(path, "wb") as file:
        file.write((mark + text).encode("utf-8"))


def write_side(path, rows, style):
    columns = ["id"] + list(FIELDS)
    if any(row.parent for row in rows) or style.randrange(2) == 0:
        columns.append("parent_id")
    style.shuffle(columns)

    def cell(row, column):
        return row.parent if column == "parent_id" else row.id if column == "id" else row.fields[column]

    write_csv(path, columns, [[cell(row, column) for column in columns] for row in rows], style)


def rule_text(rule, style):
    text = f"{rule.listing_field}={rule.channel_field}"
    options = []
    if rule.normalizers:
        options.append("norm=" + "+".join(rule.normalizers))
    if rule.ambiguous != "stop" or style.randrange(2) == 0:
        options.append("ambiguous=" + rule.ambiguous)
    style.shuffle(options)
    return ",".join([text] + options)


def command_for(program, catalog, folder, seed):
    """Writes the catalog's files and tells the command that matches them."""
    style = random.Random(f"style {seed}")
    listings, channel, links = (os.path.join(folder, name) for name in ("listings.csv", "channel.csv", "links.csv"))
    write_side(listings, catalog.listings, style)
    write_side(channel, catalog.channel, style)
    command = [program, "match", "--listings", listings, "--channel", channel]
    for rule in catalog.rules:
        command += ["--rule", rule_text(rule, style)]
    if catalog.links or style.randrange(4) == 0:
        pairs = list(catalog.links)
        style.shuffle(pairs)
        write_csv(links, ["listing_id", "channel_id"], [list(pair) for pair in pairs], style)
        command += ["--links", links]
    if catalog.parent_guard:
        command.append("--parent-guard")
    if catalog.strict:
        command.append("--strict")
    command += ["--threads", str(style.randint(1, 4))]
    if style.randrange(2) == 0:
        command += ["--memory-limit", "1"]  # As many passes over the keys as can be.
    if seed % JSON_SHARE == 0:
        command = command[:1] + ["--json"] + command[1:] if style.randrange(2) == 0 else command + ["--format", "json"]
    return command


def difference(program, seed, folder):
    """What differs for one seed, or None."""
    catalog = generate(seed)
    command = command_for(program, catalog, folder, seed)
    expected = Reference().match(catalog)
    run = subprocess.run(command, capture_output=True)
    if run.returncode != 0 or run.stderr:
        return f"{shlex.join(command)}: exit code {run.returncode}, {run.stderr.decode()}"
    if seed % JSON_SHARE == 0:
        got = [list(one.items()) for one in json.loads(run.stdout)]
        want = [list(one.items()) for one in as_objects(expected)]
    else:
        got, want = run.stdout.decode().splitlines(True), as_csv(expected).splitlines(True)
    if got == want:
        return None
    first = next((i for i, pair in enumerate(zip(got, want)) if pair[0] != pair[1]), min(len(got), len(want)))
    show = lambda rows: rows[first] if first < len(rows) else "nothing"
    return f"{shlex.join(command)}\n  row {first}\n  program:   {show(got)}\n  reference: {show(want)}"


def check_range(program, seeds):
    """Checks seeds in order; tells how many were right, and the first that was not."""
    with tempfile.TemporaryDirectory(prefix="flxlink-match-") as folder:
        for done, seed in enumerate(seeds):
            found = difference(program, seed, folder)
            if found is not None:
                return done, f"seed {seed}: {found}"
    return len(seeds), None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", help="the repository; not used here")
    parser.add_argument("--catalogs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    scale = float(os.environ.get("FLXLINK_TEST_SCALE", "1"))
    catalogs = options.catalogs or max(1, int(DEFAULT_CATALOGS * scale))
    workers = min(os.cpu_count() or 1, catalogs)
    seeds = range(options.seed, options.seed + catalogs)
    parts = [seeds[i::workers] for i in range(workers)]
    with concurrent.futures.ProcessPoolExecutor(workers) as pool:
        results = list(pool.map(check_range, [options.flxlink] * workers, parts))
    failures = [failure for _, failure in results if failure is not None]
    for failure in failures:
        print(failure)
        seed = failure.split()[1].rstrip(":")
        script = os.path.abspath(__file__)
        print(f"again: {sys.executable} {script} --flxlink {options.flxlink} --seed {seed} --catalogs 1")
    print(f"{sum(done for done, _ in results)} of {catalogs} catalogs agree, from seed {options.seed}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
