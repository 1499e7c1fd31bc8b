"""Real Shopify exports as csv channels over many days: files of products, partial ones, syncs, edits by hand in the shop's file, and SIGKILL at
any instant. Skipped where ../shared/data is not.

    python3 shopify_days_test.py --flxlink PROGRAM --source SOURCE_DIR [--seed N] [--updates N] [--file NAME]

On the first day the products are what the shop has: import, build, pull, link and sync change no byte and hold nothing. Then each round
states some prices and quantities anew, all of them or a part in a file that has only one of the two columns, or edits some in the
shop's file, and runs a command; one in four is killed. In the end the products are stated once more and a full sync runs: the file has what was
stated, and every byte outside of these cells is as it was. FLXLINK_TEST_SCALE multiplies the updates.
"""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import shopify_files_test as files

UPDATES = 200  # Of each file.
MOST_AT_ONCE = 40
COMMANDS = (("sync", "shop"), ("sync", "shop"), ("sync", "shop", "--full"), ("pull", "shop"), ("link", "shop"), ("build", "shop"))


def money(amount):
    return f"{amount // 100}.{amount % 100:02d}"


def masked(raw, variants):
    """The file without the cells that syncs may change."""
    spans = [span for variant in variants for span in (variant.price_span, variant.quantity_span)]
    for begin, end in sorted(spans, reverse=True):
        raw = raw[:begin] + raw[end:]
    return raw


class Days:
    def __init__(self, program, folder, export, seed):
        self.shop = files.Shop(program, folder, export)
        self.random = random.Random(f"{seed} {export.stem}")
        self.original = self.shop.bytes()
        self.first = files.read_variants(self.original)
        # What is stated of each item: the price and the quantity.
        self.stated = {v.id: [files.cents(v.price), v.quantity] for v in self.first}
        self.seconds = {}
        self.updates = self.edits = self.killed = self.runs = 0

    def write_products(self, name, ids, columns):
        with open(self.shop.folder / name, "w", newline="", encoding="utf-8") as file:
            files.csv.writer(file).writerow(["sku", "ref", *columns])
            for id_ in ids:
                price, quantity = self.stated[id_]
                cells = {"price": money(price), "quantity": quantity}
                files.csv.writer(file).writerow([f"SKU {id_}", id_, *(cells[column] for column in columns)])
        # The file system's own time is some milliseconds late, and what was seen just before would be later.
        os.utime(self.shop.folder / name, ns=(time.time_ns(), time.time_ns()))

    def run_first_day(self):
        shop = self.shop
        shop.run("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv", "--rule", "ref=id")
        self.write_products("all.csv", self.stated, ["price", "quantity"])
        assert shop.run("product", "import", "all.csv")["inserted"] == len(self.stated)
        jobs = [shop.job(*command) for command in (("build", "shop"), ("pull", "shop"), ("link", "shop"), ("sync", "shop"))]
        assert shop.bytes() == self.original, "nothing was stated otherwise, and the file changed"
        held = [count for job in jobs for count in job["counts"].items() if count[0].endswith("_held")]
        assert not held and jobs[-1]["counts"]["sent"] == 0, (held, jobs[-1])
        rows = shop.run("listing", "list", "shop")
        assert {row["external_id"] for row in rows if row["link_state"] == "linked"} == set(self.stated)

    def choose(self):
        ids = sorted(self.stated)
        return self.random.sample(ids, min(len(ids), self.random.randint(1, MOST_AT_ONCE)))

    def state_some(self):
        """Prices stay within a fifth of the first ones, so that none is a repricing that the circuit breaker knows."""
        price_of = {v.id: files.cents(v.price) for v in self.first}
        columns = self.random.choice((["price"], ["quantity"], ["price", "quantity"]))
        ids = self.choose()
        for id_ in ids:
            if "price" in columns:
                self.stated[id_][0] = price_of[id_] * self.random.randint(80, 120) // 100
            if "quantity" in columns:
                self.stated[id_][1] = self.random.randint(0, 60)
        self.updates += len(ids) * len(columns)
        whole = self.random.random() < 0.3
        self.write_products("some.csv", self.stated if whole else ids, ["price", "quantity"] if whole else columns)
        # A kill is repeated: nobody states anything by a command that did not end.
        while not self.run("product", "import", "some.csv"):
            pass

    def edit_file(self):
        """As a person, or a sale, does."""
        raw = self.shop.bytes()
        by_id = {v.id: v for v in files.read_variants(raw)}
        edits = []
        for id_ in self.choose()[:5]:
            variant = by_id[id_]
            if self.random.random() < 0.5:
                edits.append((variant.price_span, money(files.cents(variant.price) * self.random.randint(90, 110) // 100)))
            else:
                edits.append((variant.quantity_span, str(max(0, variant.quantity + self.random.randint(-3, 3)))))
        self.shop.file.write_bytes(files.splice(raw, edits))
        self.edits += len(edits)

    def run(self, *command):
        """Whether it was left to its end."""
        self.runs += 1
        process = subprocess.Popen([self.shop.program, *command], cwd=self.shop.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   encoding="utf-8")
        begin = time.monotonic()
        life = self.random.random() * self.seconds[command] if command in self.seconds and self.random.random() < 0.25 else None
        try:
            output, errors = process.communicate(timeout=life)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.killed += 1
            return False
        assert process.returncode == 0, f"{command}: exit {process.returncode}\n{output}{errors}"
        if life is None:
            self.seconds[command] = time.monotonic() - begin
        return True

    def run_round(self):
        self.edit_file() if self.random.random() < 0.2 else self.state_some()
        self.run(*self.random.choice(COMMANDS))

    def check_end(self):
        shop = self.shop
        # What was sold until now is compared and held back, and what is stated next is as of later.
        shop.job("sync", "shop", "--full")
        self.write_products("all.csv", self.stated, ["price", "quantity"])
        shop.run("product", "import", "all.csv")
        shop.job("sync", "shop", "--full")
        shop.run("run", "--until-idle")
        assert shop.job("sync", "shop")["counts"]["sent"] == 0
        raw = shop.bytes()
        variants = files.read_variants(raw)
        wrong = []
        for before, after in zip(self.first, variants):
            price, quantity = self.stated[before.id]
            wanted = (before.id, price, quantity if before.is_tracked else None)
            found = (after.id, files.cents(after.price), after.quantity if before.is_tracked else None)
            if found != wanted:
                wrong.append(f"is {found}, should be {wanted}")
        assert not wrong and len(variants) == len(self.first), f"{len(wrong)} are wrong: {wrong[:5]}"
        assert masked(raw, variants) == masked(self.original, self.first), "other cells than prices and quantities changed"
        assert not shop.run("store", "check")["findings"]


def check_file(program, export, seed, updates):
    with tempfile.TemporaryDirectory() as folder:
        days = Days(program, pathlib.Path(folder), export, seed)
        try:
            days.run_first_day()
            while days.updates < updates:
                days.run_round()
            days.check_end()
        except AssertionError as error:
            sys.exit(f"{export.name}, seed {seed}, after {days.updates} updates: {error}")
        print(f"{export.name}: {days.updates} updates and {days.edits} edits in the file by {days.runs} commands, {days.killed} of them killed; "
              "the file is what was stated, all else as it was", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--updates", type=int)
    parser.add_argument("--file", choices=sorted(files.FILES))
    arguments = parser.parse_args()
    data = pathlib.Path(arguments.source) / ".." / "shared" / "data" / "shopify-csv"
    if not data.is_dir():
        print(f"skipped: shopify files {', '.join(files.FILES)}: {data} is not there")
        return files.SKIPPED
    scale = float(os.environ.get("FLXLINK_TEST_SCALE", "1"))
    updates = arguments.updates or max(50, int(UPDATES * scale))
    for name in [arguments.file] if arguments.file else files.FILES:
        check_file(os.path.abspath(arguments.flxlink), data / f"{name}.csv", arguments.seed, updates)
    return 0


if __name__ == "__main__":
    sys.exit(main())
