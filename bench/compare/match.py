"""Times `flxlink match` against the same match in SQL; see match.sh.

Each contender runs in a process of its own, reads from the two CSV files the columns that it needs, links by SKU and
then by UPC where the key is unique on both sides and the target is free, and writes a CSV.
"""

import argparse
import csv
import operator
import os
import random
import sys
import time

THREADS = 2
CONTENDERS = ("flxlink", "duckdb", "sqlite")

# A link needs a key that one row a side has; a variant that SKU finds ambiguous is left to a person (ambiguous=stop).
LINKS_SQL = """
CREATE {temp} TABLE sku_count_l AS SELECT sku, count(*) AS n FROM listings WHERE sku <> '' GROUP BY sku;
CREATE {temp} TABLE sku_count_c AS SELECT sku, count(*) AS n FROM channel WHERE sku <> '' GROUP BY sku;
CREATE {temp} TABLE by_sku AS
  SELECT l.id AS listing_id, c.id AS channel_id
  FROM sku_count_l a JOIN sku_count_c b ON a.sku = b.sku AND a.n = 1 AND b.n = 1
  JOIN listings l ON l.sku = a.sku JOIN channel c ON c.sku = b.sku;
CREATE {temp} TABLE closed AS
  SELECT listing_id AS id FROM by_sku
  UNION ALL
  SELECT l.id
  FROM sku_count_l a JOIN sku_count_c b ON a.sku = b.sku AND (a.n > 1 OR b.n > 1)
  JOIN listings l ON l.sku = a.sku;
CREATE {temp} TABLE upc_l AS
  SELECT upc, min(id) AS id FROM listings WHERE upc <> '' GROUP BY upc HAVING count(*) = 1;
CREATE {temp} TABLE upc_c AS
  SELECT barcode, min(id) AS id FROM channel WHERE barcode <> '' GROUP BY barcode HAVING count(*) = 1;
CREATE {temp} TABLE by_upc AS
  SELECT l.id AS listing_id, c.id AS channel_id
  FROM upc_l l JOIN upc_c c ON c.barcode = l.upc
  WHERE l.id NOT IN (SELECT id FROM closed) AND c.id NOT IN (SELECT channel_id FROM by_sku);
"""
RESULT_SQL = "SELECT listing_id, channel_id FROM by_sku UNION ALL SELECT listing_id, channel_id FROM by_upc"


def sku_of(i, chance):
    if chance < 0.05:
        return ""
    if chance < 0.09:
        return f"SHARED-{i // 200}"
    return f"SKU-{i:09d}-X"


def write_data(listings, channel, rows):
    """The same items on both sides in another order: some SKUs blank or shared, one in eight changed on the channel."""
    rng = random.Random(1)
    order = list(range(rows))
    items = [(sku_of(i, rng.random()), f"{i * 37:012d}") for i in order]
    with open(listings, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "parent_id", "sku", "upc", "title"])
        for i in order:
            writer.writerow([f"L{i:08d}", f"P{i // 4:07d}", items[i][0], items[i][1], f"Item, number {i}"])
    rng.shuffle(order)
    with open(channel, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "parent_id", "sku", "barcode", "title"])
        for i in order:
            sku = f"NEW-{i}" if rng.random() < 0.125 else items[i][0]
            barcode = "" if rng.random() < 0.02 else items[i][1]
            writer.writerow([f"C{i:08d}", f"H{i // 4:07d}", sku, barcode, f"Item, number {i}"])


def run_sqlite(listings, channel, out):
    import sqlite3

    db = sqlite3.connect(":memory:")
    for table, path, key in (("listings", listings, "upc"), ("channel", channel, "barcode")):
        db.execute(f"CREATE TABLE {table} (id TEXT, sku TEXT, {key} TEXT)")
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            wanted = operator.itemgetter(*map(next(reader).index, ("id", "sku", key)))
            db.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", map(wanted, reader))
    db.executescript(
        "CREATE INDEX l_sku ON listings (sku); CREATE INDEX c_sku ON channel (sku);"
        "CREATE INDEX l_upc ON listings (upc, id); CREATE INDEX c_barcode ON channel (barcode, id);"
    )
    db.executescript(LINKS_SQL.format(temp="TEMP"))
    with open(out, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["listing_id", "channel_id"])
        writer.writerows(db.execute(RESULT_SQL))


def run_duckdb(listings, channel, out):
    import duckdb

    db = duckdb.connect(config={"threads": THREADS})
    for table, path, key in (("listings", listings, "upc"), ("channel", channel, "barcode")):
        # An empty cell is read as NULL, which joins and groups leave out just as ''.
        source = f"read_csv('{path}', header=true, all_varchar=true)"
        db.execute(f"CREATE TABLE {table} AS SELECT id, sku, {key} FROM {source}")
    for statement in LINKS_SQL.format(temp="TEMP").split(";"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"COPY ({RESULT_SQL}) TO '{out}' (FORMAT csv, HEADER)")


def command_of(name, options, listings, channel, out):
    if name != "flxlink":
        return [sys.executable, os.path.abspath(__file__), "--run", name, listings, channel, out]
    command = [options.flxlink, "match", "--listings", listings, "--channel", channel, "--out", out]
    return command + ["--rule", "sku=sku", "--rule", "upc=barcode", "--threads", str(THREADS)]


def measure(command):
    """Wall seconds, processor seconds and peak memory in MiB of a process."""
    begin = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def read_links(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return sorted((row["listing_id"], row["channel_id"]) for row in rows if row["channel_id"])


def check_links(outs):
    """That all contenders made the same links; tells how many."""
    expected = read_links(outs[CONTENDERS[0]])
    for contender in CONTENDERS[1:]:
        links = read_links(outs[contender])
        if links != expected:
            sys.exit(f"{contender} makes other links than {CONTENDERS[0]}: {len(links)} and {len(expected)}")
    return len(expected)


def compare(options):
    name = os.path.join(options.work, f"match-{options.rows}")
    listings, channel = name + "-listings.csv", name + "-channel.csv"
    outs = {contender: f"{name}-{contender}.csv" for contender in CONTENDERS}
    if not (os.path.exists(listings) and os.path.exists(channel)):
        measure([sys.executable, os.path.abspath(__file__), "--write", listings, channel, str(options.rows)])
    # A process begins with its parent's peak memory, so that this one stays small until all were measured.
    results = {}
    for contender, out in outs.items():
        command = command_of(contender, options, listings, channel, out)
        runs = [measure(command) for _ in range(options.repeat)]
        wall, processor, memory = zip(*runs)
        results[contender] = min(wall), min(processor), max(memory)
    links = check_links(outs)
    size = f"{options.rows:,}"
    print(f"{size} x {size}, sku=sku then upc=barcode, CSV to CSV, {THREADS} threads: {links:,} links each")
    print(f"best of {options.repeat} runs: {'wall s':>8} {'cpu s':>8} {'peak MiB':>9} {'wall / flxlink':>15}")
    for contender, (wall, processor, memory) in results.items():
        print(f"  {contender:13} {wall:8.2f} {processor:8.2f} {memory:9.0f} {wall / results['flxlink'][0]:15.1f}")


def main():
    if sys.argv[1] == "--run":
        {"sqlite": run_sqlite, "duckdb": run_duckdb}[sys.argv[2]](*sys.argv[3:])
        return
    if sys.argv[1] == "--write":
        write_data(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--work", required=True)
    compare(parser.parse_args())


if __name__ == "__main__":
    main()
