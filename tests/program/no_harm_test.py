"""A sync does no harm: what merchants, shops, spreadsheets and feeds do, and the channel's file byte for byte after it.

Each row of no_harm_rows.py is run in a folder and with a store of its own: what must stand in the channel's file at the
end, and which problems must have been raised. What holds of every row is checked of each: nothing but a sync writes
the file, one more sync changes nothing, and the store is whole.

    python3 no_harm_test.py --flxlink PROGRAM --source SOURCE_DIR [--row TEXT] [--waiting] [--list]
"""

import argparse
import collections
import concurrent.futures
import datetime
import difflib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import no_harm_rows
from flxlink_program import PATIENCE_SECONDS
from no_harm_rows import Edit, File, Has, Older, Products, Says, Write

# The features that are there. Rows that need another one wait for it.
BUILT = {"as-of", "author", "breaker", "column", "doubt", "drift", "explain", "other-emptied", "other-guard", "other-named",
         "other-price", "refused", "relink", "sources", "zero-price"}

# Jobs that read or make; what sending comes to is an attention.
READING = ("pull", "fetch", "build")
EXIT_CODES = {"!": {1}, "?": {1, 2}, "~": {0, 1}}
LATER = {"now": datetime.timedelta(), "yesterday": datetime.timedelta(days=-1), "tomorrow": datetime.timedelta(days=1)}


class Harm(Exception):
    """What went otherwise than the row says."""


def expect(condition, *what):
    if not condition:
        raise Harm("\n".join(str(part) for part in what))


def as_bytes(content):
    return content if isinstance(content, bytes) else content.encode("utf-8")


def wanted_problems(text):
    """"A:code B:code? …" as (those that must be, those that may be), pairs of subject and code."""
    must, may = set(), set()
    for word in text.split():
        subject, code = word.rstrip("?").rsplit(":", 1)
        (may if word.endswith("?") else must).add((subject, code))
    return must, may


def expect_problems(what, seen, text):
    must, may = wanted_problems(text)
    expect(must <= seen <= must | may, f"{what}: {sorted(seen)}", f"  should be: {text or 'none'}")


class Run:
    """One row, run in a folder."""

    def __init__(self, program, row, folder):
        self.program, self.row, self.folder = program, row, pathlib.Path(folder)
        self.shop = self.folder / "shop.csv"

    def call(self, arguments):
        return subprocess.run([self.program, *arguments], cwd=self.folder, capture_output=True, timeout=PATIENCE_SECONDS,
                              encoding="utf-8", errors="replace", check=False)

    def json(self, *arguments):
        done = self.call(["--json", *arguments])
        expect(done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def jobs(self):
        return self.json("job", "list", "--limit", "1000")

    def filled(self, command):
        """A command with the job that holds something, and with times, in their places."""
        if "{held}" in command:
            held = [job["id"] for job in self.jobs() if any(name.endswith("_held") and count for name, count in job["counts"].items())]
            expect(held, f"{command}: no job holds anything")
            command = command.replace("{held}", str(max(held)))
        now = datetime.datetime.now(datetime.timezone.utc)
        for word, later in LATER.items():
            command = command.replace("{%s}" % word, (now + later).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        return command

    def command(self, command):
        """Runs it. "!" before it: it must fail (exit 1), "?": that or be refused as wrong usage (2), "~": it may fail (1);
        else it must not."""
        marked = command[0] in EXIT_CODES
        arguments = shlex.split(self.filled(command[1:] if marked else command))
        before = self.shop.read_bytes() if self.shop.exists() else None
        done = self.call(arguments)
        # What a pull could not read makes it a failed command, which the row tells by the problems that it expects.
        codes = EXIT_CODES[command[0]] if marked else ({0, 1} if self.row.items else {0})
        expect(done.returncode in codes, f"{command}: exit {done.returncode}", done.stdout, done.stderr)
        if arguments[0] not in ("sync", "run", "job") and before is not None:
            expect(self.shop.read_bytes() == before, f"{command} wrote the channel's file")
        return done.stdout + done.stderr

    def expect_file(self, content):
        seen, wanted = self.shop.read_bytes(), as_bytes(content)
        expect(seen == wanted, "the channel's file is (-) and should be (+)",
               *difflib.unified_diff(shown(seen), shown(wanted), n=0, lineterm=""))

    def expect_attentions(self, text):
        rows = self.json("listing", "list", "shop")
        seen = {(row["sku"], problem["code"]) for row in rows for problem in row["attentions"]}
        expect_problems("attentions", seen, text)

    def step(self, step):
        if isinstance(step, str):
            self.command(step)
        elif isinstance(step, Says):
            text = self.command(step.command)
            for part in step.parts:
                expect(re.search(part, text), f"{step.command} should say {part!r}; it says", text)
            for part in step.never:
                expect(not re.search(part, text), f"{step.command} should not say {part!r}; it says", text)
        elif isinstance(step, Edit):
            path = self.folder / step.name
            content = path.read_bytes()
            expect(content.count(as_bytes(step.old)) == 1, f"{step.old!r} is not once in {step.name}", *shown(content))
            path.write_bytes(content.replace(as_bytes(step.old), as_bytes(step.new)))
        elif isinstance(step, Write):
            (self.folder / step.name).write_bytes(as_bytes(step.content))
        elif isinstance(step, Older):
            path = self.folder / step.name
            then = path.stat().st_mtime - step.hours * 3600
            os.utime(path, (then, then))
        elif isinstance(step, Products):
            (self.folder / step.name).write_bytes(as_bytes(step.content))
            self.command(f"{step.mark}product import {step.name} {step.options}")
        elif isinstance(step, File):
            self.expect_file(step.content)
        elif isinstance(step, Has):
            self.expect_attentions(step.attentions)
        else:
            raise TypeError(step)

    def start(self):
        """A channel whose listing variants are linked."""
        row = self.row
        self.shop.write_bytes(as_bytes(row.shop))
        self.command(f"channel add shop --adapter csv --set path=shop.csv {row.rules} {row.channel}")
        if row.products is not None:
            self.step(row.products if isinstance(row.products, Products) else Products(row.products))
            self.command("build shop")
        self.command("pull shop")

    def run(self):
        row = self.row
        if row.is_started:
            self.start()
        for step in row.steps:
            try:
                self.step(step)
            except Harm as harm:
                raise Harm(f"at {step}:\n{harm}") from None
        if row.is_started:
            self.expect_end()

    def expect_end(self):
        row = self.row
        self.expect_file(row.shop if row.after is None else row.after)
        if row.attentions is not None:
            self.expect_attentions(row.attentions)
        listings = {listing["sku"]: listing for listing in self.json("listing", "list", "shop")}
        for sku, wanted in row.listings.items():
            expect(sku in listings, f"there is no listing variant {sku}")
            seen = {key: listings[sku][key] for key in wanted}
            expect(seen == wanted, f"{sku} is {seen}", f"  should be: {wanted}")
        if row.items is not None:
            expect_problems("problems of what was read or made", self.problems(listings), row.items)
        self.command("~sync shop")
        self.expect_file(row.shop if row.after is None else row.after)
        self.command("store check")

    def problems(self, listings):
        """What was told of items and products; what is told of listing variants is an attention of theirs."""
        jobs = [job for job in self.jobs() if job["kind"] in READING or job["options"]["full"]]
        problems = [problem for job in jobs for problem in self.json("job", "problems", str(job["id"]))]
        return {(problem["subject"].replace(" ", "_"), problem["code"]) for problem in problems if problem["subject"] not in listings}


def shown(content):
    return [repr(line[:200])[1:] for line in content.splitlines(keepends=True)]


def outcome(program, row):
    """None, or what went wrong with the row."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            Run(program, row, folder).run()
        except (Harm, OSError, KeyError, ValueError, subprocess.TimeoutExpired) as error:
            return f"{type(error).__name__}: {error}" if not isinstance(error, Harm) else str(error)
    return None


def waits(row):
    return sorted(set(row.needs.split()) - BUILT)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--row", default="", help="only the rows whose kind and name have this in them")
    parser.add_argument("--waiting", action="store_true", help="only the rows that wait for a feature, to see which do pass")
    parser.add_argument("--list", action="store_true", help="only list the rows")
    options = parser.parse_args()
    rows = [row for row in no_harm_rows.ROWS if options.row in f"{row.kind}: {row.name}"]
    if options.list:
        for row in rows:
            print(f"{row.kind}: {row.name}{' (waits for ' + ', '.join(waits(row)) + ')' if waits(row) else ''}\n    {row.harm}")
        return 0
    waiting = [row for row in rows if waits(row)]
    chosen = waiting if options.waiting else [row for row in rows if not waits(row)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        program = os.path.abspath(options.flxlink)
        outcomes = list(pool.map(lambda row: outcome(program, row), chosen))
    failed = [(row, harm) for row, harm in zip(chosen, outcomes) if harm]
    for row, harm in failed:
        print(f"FAILED {row.kind}: {row.name}\n  harm: {row.harm}\n" + re.sub(r"(?m)^", "  ", harm))
    if options.waiting:
        for row, harm in zip(chosen, outcomes):
            if not harm:
                print(f"passes already ({row.needs}): {row.kind}: {row.name}")
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed" + (
        "" if options.waiting else f", {len(waiting)} wait " +
        str(dict(collections.Counter(feature for row in waiting for feature in waits(row))))))
    return 1 if failed and not options.waiting else 0


if __name__ == "__main__":
    sys.exit(main())
