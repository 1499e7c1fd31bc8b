"""Times the program over a csv channel, from import to a sync of everything, and takes its peak memory.

    python3 bench/csv_channel_run.py --flxlink build/release/flxlink [--beside OTHER_FLXLINK] [--rows 1000000] [--repeat 3]

Each step is a command of its own. With --beside the two programs take turns, each in a folder of its own, so that what else the machine does falls
on both; of each step the quickest run counts.
"""

import argparse
import os
import pathlib
import subprocess
import tempfile
import time

HEADER = "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Barcode,Status\n"


def write_shop(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEADER)
        for i in range(rows):
            file.write(f"p{i},Product {i},Acme,Title,Default Title,SKU-{i},{i % 90},{10 + i % 50}.00,,active\n")


def write_products(path, numbers, price):
    with open(path, "w", encoding="utf-8") as file:
        file.write("sku,price,quantity,title\n")
        for i in numbers:
            file.write(f"SKU-{i},{price + i % 50}.00,{i % 90},Product {i}\n")


class Runner:
    """One program in a folder of its own. `best` has the seconds and the peak memory in MiB of each step's quickest run."""

    def __init__(self, program, rows):
        self.program = program
        self.rows = rows
        self.best = {}

    def run(self, step, *arguments):
        begun = time.monotonic()
        process = subprocess.Popen([self.program, *arguments], cwd=self.folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        if process.returncode != 0:
            raise SystemExit(f"{self.program} {' '.join(arguments)}: exit code {process.returncode}")
        if step and seconds < self.best.get(step, (float("inf"), 0))[0]:
            self.best[step] = (seconds, usage.ru_maxrss / 1024)

    def once(self):
        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            self.steps()

    def steps(self):
        write_shop(self.folder / "shop.csv", self.rows)
        write_products(self.folder / "products.csv", range(self.rows), 10)
        self.run(None, "channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv", "--rule", "sku=sku")
        self.run("product import", "product", "import", "products.csv")
        self.run("build", "build", "shop")
        self.run("pull of new items, and their links", "pull", "shop")
        self.run("sync in which all is equal", "sync", "shop")
        self.run("pull of unchanged items", "pull", "shop")
        write_products(self.folder / "some.csv", range(10), 20)
        self.run(None, "product", "import", "some.csv")
        self.run("sync of 10 changed prices", "sync", "shop")
        write_products(self.folder / "all.csv", range(self.rows), 30)
        self.run("product import, all changed", "product", "import", "all.csv")
        self.run("sync of all prices", "sync", "shop")
        self.run("full sync in which all is equal", "sync", "shop", "--full")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--beside")
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    programs = [options.flxlink] + ([options.beside] if options.beside else [])
    runners = [Runner(os.path.abspath(program), options.rows) for program in programs]
    for _ in range(options.repeat):
        for runner in runners:
            runner.once()
    for step in runners[0].best:
        cells = [f"{runner.best[step][0]:8.2f} s {runner.best[step][1]:6.0f} MiB" for runner in runners]
        ratio = f"   {runners[1].best[step][0] / runners[0].best[step][0]:.2f} x" if len(runners) == 2 else ""
        print(f"{step:36}{'   '.join(cells)}{ratio}")


if __name__ == "__main__":
    main()
