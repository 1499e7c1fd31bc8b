"""SIGKILL at any instant while jobs run over a SQLite store and a csv channel: afterwards nothing is lost, no link stays in doubt, and the
channel's file has what the products say.

    python3 kill_test.py --flxlink PROGRAM --source SOURCE_DIR [--seed N] [--kills N]

Each round states some products anew and starts a command; two in three are to be killed, at a random instant of the time that such a
command took when it was last left alone on this machine. The store is checked after each. It goes on until so many are killed as were asked
for. FLXLINK_TEST_SCALE multiplies them.
"""

import argparse
import csv
import io
import os
import random
import subprocess
import sys
import tempfile
import time

PARENTS = 40
SIZES = ("S", "M", "L")
HEADER = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Status\n"
# The prices jump as they like.
LIMITS = [word for kind in ("reprice", "hide", "show") for word in ("--limit", f"{kind}=1000000")]
COMMANDS = (("rules", "shop"), ("sync", "shop"), ("sync", "shop", "--full"), ("pull", "shop"), ("run", "--until-idle"))
ROUNDS_PER_KILL = 20  # Far more than it takes, whatever the machine does meanwhile.


def skus():
    return [(f"shirt-{parent}", size, f"SHIRT-{parent}-{size}") for parent in range(PARENTS) for size in SIZES]


def shop_file():
    lines = [HEADER]
    for handle, size, sku in skus():
        first = size == SIZES[0]
        lines.append(f"{handle},{'Shirt' if first else ''},{'Size' if first else ''},{size},{sku},3,10.00,"
                     f"{'active' if first else ''}\n")
    return "".join(lines)


class World:
    def __init__(self, program, folder, seed):
        self.program, self.folder, self.random = program, folder, random.Random(seed)
        self.products = {sku: [1000, 3] for _, _, sku in skus()}
        self.killed = 0
        self.seconds = {}  # How long each command took when it was last left alone.
        self.write("shop.csv", shop_file())
        self.done("channel", "add", "shop", "--adapter", "csv", "--set", "path=shop.csv", "--rule", "sku=sku", "--status-rule",
                  "quantity<=0:hide", "--status-rule", "quantity>0:unhide", *LIMITS)
        self.state(self.products)
        for command in ("build", "pull", "link"):
            self.done(command, "shop")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def start(self, *arguments):
        return subprocess.Popen([self.program, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                encoding="utf-8")

    def done(self, *arguments):
        process = self.start(*arguments)
        output, errors = process.communicate()
        if process.returncode != 0:
            raise AssertionError(f"{arguments}: exit {process.returncode}\n{output}{errors}")
        return output

    def state(self, products):
        rows = [f"{sku},{price // 100}.{price % 100:02},{quantity},{sku.rsplit('-', 1)[0]}\n"
                for sku, (price, quantity) in products.items()]
        self.write("products.csv", "sku,price,quantity,parent\n" + "".join(rows))
        self.done("product", "import", "products.csv")

    def change_products(self):
        """Some prices and quantities; some products sell out wholly, so that the status rules hide and show them."""
        for parent in self.random.sample(range(PARENTS), self.random.randint(1, PARENTS)):
            sold_out = self.random.random() < 0.3
            for size in SIZES:
                product = self.products[f"SHIRT-{parent}-{size}"]
                product[0] = self.random.randint(100, 5000)
                product[1] = 0 if sold_out else self.random.randint(1, 20)
        self.state(self.products)

    def run_round(self):
        self.change_products()
        command = self.random.choice(COMMANDS)
        if command in self.seconds and self.random.random() < 2 / 3:
            self.kill(command, self.random.random() * self.seconds[command])
        else:
            start = time.monotonic()
            self.done(*command)
            self.seconds[command] = time.monotonic() - start
        self.done("store", "check")

    def kill(self, command, life):
        process = self.start(*command)
        try:
            process.communicate(timeout=life)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.killed += 1

    def check_end(self):
        """Everything that is due is done, and the file is what was stated last."""
        for command in (("rules", "shop"), ("run", "--until-idle"), ("sync", "shop")):
            self.done(*command)
        self.done("store", "check")
        with open(os.path.join(self.folder, "shop.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(io.StringIO(file.read())))
        wrong = []
        status = {}
        for row in rows:
            price, quantity = self.products[row["Variant SKU"]]
            status.setdefault(row["Handle"], row["Status"])
            wanted = (f"{price // 100}.{price % 100:02}", str(quantity), "draft" if quantity == 0 else "active")
            found = (row["Variant Price"], row["Variant Inventory Qty"], status[row["Handle"]])
            if found != wanted:
                wrong.append(f"{row['Variant SKU']}: {found}, not {wanted}")
        if wrong or len(rows) != len(self.products):
            raise AssertionError(f"{len(rows)} rows; wrong: {wrong[:5]} and {max(0, len(wrong) - 5)} more")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int)
    args = parser.parse_args()
    scale = float(os.environ.get("FLXLINK_TEST_SCALE", "1"))
    kills = args.kills or max(5, int(50 * scale))
    with tempfile.TemporaryDirectory() as folder:
        world = World(os.path.abspath(args.flxlink), folder, args.seed)
        rounds = 0
        try:
            while world.killed < kills and rounds < kills * ROUNDS_PER_KILL:
                rounds += 1
                world.run_round()
            world.check_end()
        except AssertionError as error:
            sys.exit(f"round {rounds} of seed {args.seed}: {error}")
    if world.killed < kills:
        sys.exit(f"only {world.killed} of {rounds} commands were killed, not {kills}")
    print(f"{rounds} rounds from seed {args.seed}, {world.killed} killed: the file is what was stated, nothing in doubt")


if __name__ == "__main__":
    main()
