"""Times linking by flxlink and by others, and checks that all make the same links; see link.sh.

Two rules, sku=sku and then upc=barcode. A link needs a key that one row of either side has. A listing whose SKU the
channel has, but which several rows of either side have, is left to a person; a channel variant that has a link by the
first rule gets none by the second. Every contender runs in processes of its own.
"""

import argparse
import csv
import json
import operator
import os
import shutil
import sys
import time

THREADS = 2
REPEATS_BELOW = 5000000

# Name, what it does, and the contender of flxlink's own that it is held against.
CONTENDERS = {
    "memory": ("flxlink, in memory", "memory"),
    "duckdb-memory": ("DuckDB, in memory", "memory"),
    "polars-memory": ("Polars, in memory", "memory"),
    "csv": ("flxlink match, CSV to CSV", "csv"),
    "duckdb-csv": ("DuckDB, CSV to CSV", "csv"),
    "polars-csv": ("Polars, CSV to CSV", "csv"),
    "sqlite-csv": ("SQLite in memory, CSV to CSV", "csv"),
    "sqlite-full": ("flxlink link job on SQLite", "sqlite-full"),
    "sqlite-bare": ("bare scan and insert on SQLite", "sqlite-full"),
    "sqlite-sql": ("SQL alone on SQLite", "sqlite-full"),
    "sqlite-incremental": ("flxlink link job, 1,000 new", "sqlite-full"),
}

# By row number, which is cheaper to carry about than an id.
LINKS_SQL = """
CREATE TEMP TABLE l_sku AS SELECT sku, count(*) AS n, min(rowid) AS r FROM listings WHERE sku <> '' GROUP BY sku;
CREATE TEMP TABLE c_sku AS SELECT sku, count(*) AS n, min(rowid) AS r FROM channel WHERE sku <> '' GROUP BY sku;
CREATE TEMP TABLE by_sku AS
  SELECT a.sku, a.n AS l_n, a.r AS l_r, b.n AS c_n, b.r AS c_r FROM l_sku a JOIN c_sku b ON a.sku = b.sku;
CREATE TEMP TABLE closed AS
  SELECT l_r AS r FROM by_sku WHERE l_n = 1
  UNION ALL SELECT l.rowid FROM by_sku b JOIN listings l ON l.sku = b.sku WHERE b.l_n > 1;
CREATE TEMP TABLE l_code AS
  SELECT upc AS code, min(rowid) AS r FROM listings WHERE upc <> '' GROUP BY upc HAVING count(*) = 1;
CREATE TEMP TABLE c_code AS
  SELECT barcode AS code, min(rowid) AS r FROM channel WHERE barcode <> '' GROUP BY barcode HAVING count(*) = 1;
CREATE TEMP TABLE links AS
  SELECT l_r, c_r, 1 AS rule FROM by_sku WHERE l_n = 1 AND c_n = 1
  UNION ALL
  SELECT a.r, b.r, 2 FROM l_code a JOIN c_code b ON a.code = b.code
  WHERE a.r NOT IN (SELECT r FROM closed)
    AND b.r NOT IN (SELECT c_r FROM by_sku WHERE l_n = 1 AND c_n = 1);
"""
RESULT_SQL = """
SELECT l.id AS listing_id, c.id AS channel_id, rule
FROM links JOIN listings l ON l.rowid = l_r JOIN channel c ON c.rowid = c_r
"""
SIDES = (("listings", "upc"), ("channel", "barcode"))


# ----------------------------------------------------------------------------------------------------------------------
# Contenders that are run by this program: each prints the seconds that it measures itself, or nothing
# ----------------------------------------------------------------------------------------------------------------------


def load_duckdb(folder):
    import duckdb

    db = duckdb.connect(config={"threads": THREADS})
    for table, code in SIDES:
        # An empty cell is read as NULL, which joins and groups leave out just as ''.
        source = f"read_csv('{folder}/{table}.csv', header=true, all_varchar=true)"
        db.execute(f"CREATE TABLE {table} AS SELECT id, sku, {code} FROM {source}")
    return db


def run_duckdb_csv(folder, out):
    db = load_duckdb(folder)
    db.execute(LINKS_SQL)
    db.execute(f"COPY ({RESULT_SQL}) TO '{out}' (FORMAT csv, HEADER)")


def run_duckdb_memory(folder, out):
    db = load_duckdb(folder)
    begin = time.monotonic()
    db.execute(LINKS_SQL)
    print(json.dumps({"seconds": time.monotonic() - begin}))
    db.execute(f"COPY ({RESULT_SQL}) TO '{out}' (FORMAT csv, HEADER)")


def run_sqlite_csv(folder, out):
    import sqlite3

    db = sqlite3.connect(":memory:")
    for table, code in SIDES:
        db.execute(f"CREATE TABLE {table} (id TEXT, sku TEXT, {code} TEXT)")
        with open(f"{folder}/{table}.csv", newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            wanted = operator.itemgetter(*map(next(reader).index, ("id", "sku", code)))
            db.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", map(wanted, reader))
        db.execute(f"CREATE INDEX {table}_sku ON {table} (sku)")
        db.execute(f"CREATE INDEX {table}_code ON {table} ({code})")
    db.executescript(LINKS_SQL)
    with open(out, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["listing_id", "channel_id", "rule"])
        writer.writerows(db.execute(RESULT_SQL))


def polars_links(listings, channel):
    """The links as row numbers, from frames with the columns r, sku and code."""
    import polars as pl

    def keys(frame, key):
        return frame.filter(pl.col(key).is_not_null()).group_by(key).agg(pl.len().alias("n"), pl.col("r").first())

    by_sku = keys(listings, "sku").join(keys(channel, "sku"), on="sku", suffix="_c")
    first = by_sku.filter((pl.col("n") == 1) & (pl.col("n_c") == 1))
    closed = listings.join(by_sku, on="sku", how="semi")
    codes = [keys(side, "code").filter(pl.col("n") == 1) for side in (listings, channel)]
    codes[0] = codes[0].join(closed, on="r", how="anti")
    codes[1] = codes[1].join(first, left_on="r", right_on="r_c", how="anti")
    second = codes[0].join(codes[1], on="code", suffix="_c")
    pairs = [
        frame.select("r", "r_c", pl.lit(rule, dtype=pl.Int32).alias("rule"))
        for rule, frame in ((1, first), (2, second))
    ]
    return pl.concat(pairs)


def scan_polars(folder):
    import polars as pl

    frames = []
    for table, code in SIDES:
        source = pl.scan_csv(f"{folder}/{table}.csv", infer_schema=False, row_index_name="r")
        frames.append(source.select("r", "id", "sku", pl.col(code).alias("code")).collect())
    return frames


def match_polars(listings, channel):
    return polars_links(*(side.lazy().select("r", "sku", "code") for side in (listings, channel))).collect()


def write_polars(links, listings, channel, out):
    listing_ids = listings["id"].gather(links["r"]).alias("listing_id")
    channel_ids = channel["id"].gather(links["r_c"]).alias("channel_id")
    links.select(listing_ids, channel_ids, "rule").write_csv(out)


def run_polars_csv(folder, out):
    listings, channel = scan_polars(folder)
    write_polars(match_polars(listings, channel), listings, channel, out)


def run_polars_memory(folder, out):
    listings, channel = scan_polars(folder)
    begin = time.monotonic()
    links = match_polars(listings, channel)
    print(json.dumps({"seconds": time.monotonic() - begin}))
    write_polars(links, listings, channel, out)


RUNS = {
    "duckdb-csv": run_duckdb_csv,
    "duckdb-memory": run_duckdb_memory,
    "polars-csv": run_polars_csv,
    "polars-memory": run_polars_memory,
    "sqlite-csv": run_sqlite_csv,
}

# ----------------------------------------------------------------------------------------------------------------------
# Measuring
# ----------------------------------------------------------------------------------------------------------------------


def measure(command):
    """What a process printed as JSON, with its wall seconds and peak memory in MiB where it does not tell them."""
    read_end, write_end = os.pipe()
    begin = time.monotonic()
    environment = dict(os.environ, POLARS_MAX_THREADS=str(THREADS))
    actions = [(os.POSIX_SPAWN_DUP2, write_end, 1), (os.POSIX_SPAWN_CLOSE, read_end)]
    pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        text = pipe.read().strip()
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - begin
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return {"seconds": seconds, "peak_mib": usage.ru_maxrss / 1024} | (json.loads(text) if text else {})


class Comparison:
    def __init__(self, options):
        self.options = options
        self.flxlink = os.path.join(options.build, "flxlink")
        self.link_run = os.path.join(options.build, "bench", "link_run")
        self.folder = os.path.join(options.work, str(options.rows))
        self.made = False

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *arguments):
        return measure([self.link_run, *map(str, arguments)])

    def make_data(self):
        if not os.path.exists(self.path("made")):
            os.makedirs(self.folder, exist_ok=True)
            self.run("generate", self.options.rows, self.folder)
            open(self.path("made"), "w", encoding="utf-8").close()

    def copy_store(self, source, target):
        """A copy of a store that nobody has open."""
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.path(target) + suffix):
                os.remove(self.path(target) + suffix)
            if suffix != "-shm" and os.path.exists(self.path(source) + suffix):
                shutil.copyfile(self.path(source) + suffix, self.path(target) + suffix)
        return self.path(target)

    def make_stores(self, finished):
        if not os.path.exists(self.path("store-made")):
            for name in os.listdir(self.folder):
                if name.startswith("loaded.db"):
                    os.remove(self.path(name))
            loaded = self.run("sqlite-load", self.options.rows, self.path("loaded.db"))
            print(f"the store was filled in {loaded['seconds']:.1f} s", file=sys.stderr)
            open(self.path("store-made"), "w", encoding="utf-8").close()
        if finished and not self.made:
            self.run("sqlite-full", self.copy_store("loaded.db", "finished.db"))
            self.made = True

    def with_links_of(self, result, out):
        links = self.run("checksum", out)
        return result | {"links": links["links"], "checksum": links["checksum"]}

    def run_once(self, name):
        out = self.path(f"{name}-links.csv")
        if name == "memory":
            return self.run("memory", self.folder)
        if name == "csv":
            rules = ["--rule", "sku=sku", "--rule", "upc=barcode", "--threads", str(THREADS)]
            files = ["--listings", self.path("listings.csv"), "--channel", self.path("channel.csv"), "--out", out]
            return self.with_links_of(measure([self.flxlink, "match", *files, *rules]), out)
        if name in RUNS:
            command = [sys.executable, os.path.abspath(__file__), "--run", name, self.folder, out]
            return self.with_links_of(measure(command), out)
        self.make_stores(finished=name in ("sqlite-bare", "sqlite-incremental"))
        if name == "sqlite-bare":
            return self.run(name, self.path("finished.db"), self.copy_store("loaded.db", "work.db"))
        source = "finished.db" if name == "sqlite-incremental" else "loaded.db"
        return self.run(name, self.copy_store(source, "work.db"))

    def measure_all(self, names):
        """Round after round, so that all have the same share of a noisy machine."""
        best = {}
        for _ in range(self.options.repeat):
            for name in names:
                result = self.run_once(name)
                if name not in best or result["seconds"] < best[name]["seconds"]:
                    best[name] = result
        return best


def chosen(options):
    names = list(CONTENDERS)
    for name in options.only + options.skip:
        if name not in names:
            sys.exit(f"{name}: no such contender; there are {', '.join(names)}")
    if options.rows > options.sqlite_rows:
        names = [name for name in names if not name.startswith("sqlite-") or name == "sqlite-csv"]
    return [name for name in names if (not options.only or name in options.only) and name not in options.skip]


def print_table(options, results):
    size = f"{options.rows:,}"
    print(f"{size} x {size}, sku=sku then upc=barcode, {THREADS} threads, best of {options.repeat}")
    print(f"{'':32} {'seconds':>10} {'peak MiB':>9} {'/ flxlink':>10} {'links':>12}")
    for name, result in results.items():
        title, base = CONTENDERS[name]
        ratio = f"{result['seconds'] / results[base]['seconds']:10.2f}" if base in results else f"{'-':>10}"
        print(f"{title:32} {result['seconds']:10.3f} {result['peak_mib']:9.0f} {ratio} {result['links']:12,}")
    if "memory" in results:
        print(f"flxlink's temporary memory: {results['memory']['temp_bytes_per_variant']:.1f} bytes a variant")


def check_links(results):
    """That all found the same links; the incremental job goes on from there and has more."""
    found = {name: (r["links"], r["checksum"]) for name, r in results.items() if name != "sqlite-incremental"}
    if len(set(found.values())) > 1:
        sys.exit(f"the links differ: {found}")


def names_of(text):
    return [name for name in text.split(",") if name]


def main():
    if sys.argv[1:2] == ["--run"]:
        RUNS[sys.argv[2]](*sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--only", type=names_of, default=[])
    parser.add_argument("--skip", type=names_of, default=[])
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--sqlite-rows", type=int, default=1000000)
    options = parser.parse_args()
    if options.repeat is None:
        options.repeat = 3 if options.rows < REPEATS_BELOW else 1
    comparison = Comparison(options)
    comparison.make_data()
    results = comparison.measure_all(chosen(options))
    print_table(options, results)
    check_links(results)


if __name__ == "__main__":
    main()
