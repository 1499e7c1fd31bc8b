"""Eight processes on one SQLite store, any of which may be killed (SIGKILL) or put to sleep at any instant: two `run`, one `job watch`, and
five that run commands by chance, on a csv channel, a simulated one, and a simulated one whose calls go wrong.

    python3 many_processes_test.py --flxlink PROGRAM --source SOURCE_DIR [--seed N] [--seconds N | --minutes N] [--jobs N]

Shows that no job is lost (each that a command told of is there and ends), that none runs twice at once, that a job that ended stays so, that
no command fails but for what is documented and expected, that the store is sound, and that the channels' files have in the end what the
products say. With --jobs it then makes jobs until the store has so many, and tells how large the store is and how long `job list` takes.

How it knows that none runs twice: triggers in the store write down, in the transactions themselves, each change of a channel's slot and of a
job's state. Who holds a slot is an owner, and an owner lives as long as its process holds a lock on PATH-owners: of each process that is to
be killed it is read from the kernel (/proc/PID/fdinfo), while the process stands still, which owners it is. A slot may go from one owner to
another only after the first one's process is dead. FLXLINK_TEST_SCALE multiplies the seconds.
"""

import argparse
import csv
import glob
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter

SKUS = [f"SKU-{number}" for number in range(1, 61)]
CHANNELS = ("file", "calm", "rough")
# Of the calls to the channel `rough`.
ROUGH = ("timeout_s=1", "calls=split", "push_lost_reply=0.05", "push_late=0.05", "unavailable=0.05", "throttled=0.02",
         "item_unavailable=0.05", "item_not_tried=0.05")
PATIENCE_SECONDS = 120
FINAL = ("completed", "failed", "cancelled")
KINDS = ("build", "pull", "link", "sync", "rules")

# What a command may say when it exits with 1, besides what became of the job that it made.
EXPECTED_ERRORS = (
    r"job \d+ has (already )?(ended|completed|failed|been cancelled|was cancelled).*",
    r"job \d+ is (already )?(completed|failed|cancelled|running|pending|held).*",
    r"job \d+ runs already.*",
    r"channel \w+ is paused, so job \d+ waits; resume the channel to let it run",
)
# What may become of a job here.
EXPECTED_JOB_ERRORS = {"cancelled", "adapter_unavailable", "throttled", "worker_died"}

AUDIT = """
CREATE TABLE audit (number INTEGER PRIMARY KEY, at INTEGER, what TEXT, channel INTEGER, old_holder INTEGER, old_owner INTEGER,
                    old_epoch INTEGER, holder INTEGER, owner INTEGER, epoch INTEGER, claim INTEGER, job INTEGER, state TEXT, running INTEGER);
CREATE TRIGGER audit_slot AFTER UPDATE ON slot
  WHEN old.holder_job IS NOT new.holder_job OR old.owner IS NOT new.owner OR old.epoch <> new.epoch OR old.claim <> new.claim
BEGIN
  INSERT INTO audit (at, what, channel, old_holder, old_owner, old_epoch, holder, owner, epoch, claim)
  VALUES (round((julianday('now') - 2440587.5) * 86400000), 'slot', new.channel_id, old.holder_job, old.owner, old.epoch, new.holder_job,
          new.owner, new.epoch, new.claim);
END;
CREATE TRIGGER audit_job AFTER INSERT ON job
BEGIN
  INSERT INTO audit (at, what, channel, job, state, running)
  SELECT round((julianday('now') - 2440587.5) * 86400000), 'job', new.channel_id, new.job_id, new.state, count(*)
    FROM job WHERE channel_id = new.channel_id AND state = 'running';
END;
CREATE TRIGGER audit_gone AFTER DELETE ON job
BEGIN
  INSERT INTO audit (at, what, channel, job) VALUES (0, 'gone', old.channel_id, old.job_id);
END;
"""
NO_AUDIT = "DROP TRIGGER audit_slot; DROP TRIGGER audit_job; DROP TRIGGER audit_gone; DROP TABLE audit;"


def milliseconds():
    return time.time() * 1000


def price_text(price):
    return f"{price // 100}.{price % 100:02}"


def documented_codes(source):
    with open(os.path.join(source, "docs", "problems.md"), encoding="utf-8") as file:
        return set(re.findall(r"^\| `(\w+)` \|", file.read(), re.MULTILINE))


class Products:
    """What may be true of each product: one (price, quantity), or several where a command that stated one was killed."""

    def __init__(self):
        self.may_be = {sku: {(1000, 5)} for sku in SKUS}

    def stated(self, values, *, killed):
        for sku, value in values.items():
            self.may_be[sku] = self.may_be[sku] | {value} if killed else {value}


class Process:
    """One that runs, what it was asked and when it is to be killed."""

    def __init__(self, world, arguments, life=None, end=signal.SIGKILL, values=None):
        self.world, self.arguments, self.end, self.values = world, arguments, end, values
        self.output, self.errors = tempfile.TemporaryFile("w+", encoding="utf-8"), tempfile.TemporaryFile("w+", encoding="utf-8")
        self.begun = time.monotonic()
        self.kill_at = None if life is None else self.begun + life
        self.wake_at = None
        self.killed = False
        self.process = subprocess.Popen([world.program, *arguments], cwd=world.folder, stdout=self.output, stderr=self.errors,
                                        stdin=subprocess.DEVNULL)

    def owners(self):
        """Which owners of the store this process, which must stand still, is."""
        inode = str(os.stat(os.path.join(self.world.folder, "flxlink.db-owners")).st_ino)
        owners = set()
        for path in glob.glob(f"/proc/{self.process.pid}/fdinfo/*"):
            with open(path, encoding="utf-8") as file:
                locks = re.findall(r"^lock:.*OFDLCK.*WRITE.*:(\d+) (\d+) (\d+)$", file.read(), re.MULTILINE)
            owners |= {int(first) for locked, first, last in locks if locked == inode and first == last}
        return owners

    def stand_still(self):
        self.process.send_signal(signal.SIGSTOP)
        while self.process.poll() is None:
            with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
                if file.read().rpartition(")")[2].split()[0] in "TZ":
                    return
            time.sleep(0.0002)

    def kill(self):
        self.stand_still()
        owners = self.owners() if self.process.poll() is None else set()
        at = milliseconds()
        self.process.kill()
        self.killed = self.process.wait() == -signal.SIGKILL
        if self.killed:
            self.world.killed[self.arguments[0] if self.arguments[0] != "--json" else self.arguments[1]] += 1
            for owner in owners:
                self.world.died[owner] = (at, milliseconds())

    def sleep(self, seconds):
        self.stand_still()
        self.wake_at = time.monotonic() + seconds
        self.world.slept += 1

    def wake(self):
        self.wake_at = None
        self.process.send_signal(signal.SIGCONT)

    def step(self):
        """Whether it has ended."""
        if self.wake_at is not None:
            if time.monotonic() < self.wake_at:
                return False
            self.wake()
        if self.process.poll() is not None:
            return True
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            self.kill_at = None
            if self.end == signal.SIGKILL:
                self.kill()
                return True
            self.process.send_signal(self.end)
        if time.monotonic() > self.begun + PATIENCE_SECONDS:
            raise AssertionError(f"{self.arguments} did not end: {self.read()}")
        return False

    def read(self):
        texts = []
        for file in (self.output, self.errors):
            file.seek(0)
            texts.append(file.read())
        return texts

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.output.close()
        self.errors.close()


class World:
    def __init__(self, program, source, folder, seed):
        self.program, self.folder, self.random = program, folder, random.Random(seed)
        self.codes = documented_codes(source)
        self.products = Products()
        self.told = set()
        self.killed = Counter()
        self.commands = Counter()
        self.exits = Counter()
        self.errors = Counter()
        self.died = {}  # Owner → not before, not after, in milliseconds.
        self.slept = 0
        self.files = 0
        self.importing = False
        self.set_up()

    def path(self, name):
        return os.path.join(self.folder, name)

    # -- What is there at the beginning

    def set_up(self):
        with open(self.path("file.csv"), "w", encoding="utf-8") as file:
            file.write("Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Status\n" +
                       "".join(f"{sku.lower()},{sku},Title,Default Title,{sku},1,1.00,active\n" for sku in SKUS))
        # The prices jump as they like, and the rough channel's items come and go.
        limits = [word for kind in ("reprice", "hide", "show", "break") for word in ("--limit", f"{kind}=1000000")]
        kept = ("--keep-jobs", "100000", "--rule", "sku=sku", *limits)
        sets = lambda *settings: [word for setting in settings for word in ("--set", setting)]
        self.done("channel", "add", "file", "--adapter", "csv", *sets("path=file.csv"), *kept, "--status-rule", "quantity<=0:hide",
                  "--status-rule", "quantity>0:unhide", "--sync-fields", "price,quantity")
        self.done("channel", "add", "calm", "--adapter", "simulated",
                  *sets("path=calm.csv", f"items={len(SKUS)}", "latency_ms=200"), *kept)
        self.done("channel", "add", "rough", "--adapter", "simulated",
                  *sets("path=rough.csv", f"items={len(SKUS)}", "latency_ms=100", "seed=7", *ROUGH), *kept)
        self.done("product", "import", self.products_file({sku: (1000, 5) for sku in SKUS}))
        self.done("schedule", "set", "calm", "--every", "1m", "--job", "sync")
        self.done("build", "--all")
        for _ in range(20):  # A pull of the rough one may fail.
            if all(self.run("pull", channel).returncode == 0 for channel in CHANNELS):
                break
        self.done("link", "--all")
        self.sql(AUDIT)

    def sql(self, script):
        store = sqlite3.connect(self.path("flxlink.db"), timeout=PATIENCE_SECONDS)
        store.executescript(script)
        store.close()

    def products_file(self, values):
        self.files += 1
        name = f"products-{self.files}.csv"
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write("sku,price,quantity\n" + "".join(f"{sku},{price_text(price)},{quantity}\n"
                                                         for sku, (price, quantity) in values.items()))
        return name

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments], cwd=self.folder, capture_output=True, encoding="utf-8", check=False,
                              timeout=PATIENCE_SECONDS)

    def done(self, *arguments):
        process = self.run(*arguments)
        if process.returncode != 0:
            raise AssertionError(f"{arguments}: exit {process.returncode}\n{process.stdout}{process.stderr}")
        return process.stdout

    # -- What is run by chance

    def runner(self):
        end = signal.SIGTERM if self.random.random() < 0.25 else signal.SIGKILL
        return Process(self, ["run", "--workers", str(self.random.randint(1, 3))], self.random.uniform(0.3, 8), end)

    def watcher(self):
        return Process(self, ["job", "watch"], self.random.uniform(0.2, 6))

    def command(self):
        if not self.importing and self.random.random() < 0.25:
            return self.product_import()
        arguments = self.random_arguments()
        self.commands[arguments[1]] += 1
        life = self.some_life()
        # The others need not ever leave it idle.
        if life is None and arguments[1] == "run":
            life = self.random.uniform(1, 20)
        return Process(self, arguments, life)

    def some_life(self):
        return self.random.uniform(0, 1) if self.random.random() < 0.3 else None

    def product_import(self):
        self.importing = True
        self.commands["product"] += 1
        values = {sku: (self.random.randint(100, 9999), self.random.randint(0, 30))
                  for sku in self.random.sample(SKUS, self.random.randint(1, len(SKUS)))}
        return Process(self, ["--json", "product", "import", self.products_file(values)], self.some_life(), values=values)

    def random_arguments(self):
        pick = self.random.random()
        channel, sku = self.random.choice(CHANNELS), self.random.choice(SKUS)
        if pick < 0.5:
            return ["--json", *self.job_arguments(channel, sku)]
        if pick < 0.7 and self.told:
            job = str(self.random.choice(sorted(self.told)[-30:]))
            return ["--json", *self.random.choice((["job", "prioritize", job], ["job", "cancel", job], ["job", "rerun", job, "--no-wait"],
                                                   ["job", "rerun", job], ["job", "show", job]))]
        if pick < 0.8:
            # Resumed more often than paused.
            return ["--json", "channel", self.random.choice(("pause", "resume", "resume", "resume")), channel]
        return ["--json", *self.random.choice((["job", "list", "--limit", "20"], ["job", "queue", channel], ["listing", "list", channel],
                                               ["metrics"], ["channel", "list"], ["product", "list"], ["item", "list", channel],
                                               ["listing", "pause", channel, sku], ["listing", "resume", channel, sku],
                                               ["run", "--until-idle"]))]

    def job_arguments(self, channel, sku):
        wait = self.random.choice(([], ["--no-wait"], ["--no-wait"]))
        where = ["--all"] if self.random.random() < 0.1 else [channel]
        kind = self.random.choice((*KINDS, "sync", "sync"))
        more = {"sync": [], "pull": [], "build": [["--sku", sku]]}
        more["sync"] = [["--full"], ["--force", sku], ["--priority", "40"], [], []]
        more["pull"] = [["--item", f"item-{sku[4:]}"], ["--since-last"], []]
        # `rules` fails on channels without any.
        where = ["file"] if kind == "rules" else where
        return [kind, *where, *wait, *self.random.choice(more.get(kind, [[]]) + [[]])]

    # -- What becomes of it

    def end(self, process):
        output, errors = process.read()
        if process.values is not None:
            self.importing = False
            self.products.stated(process.values, killed=process.killed or process.process.returncode != 0)
        told = self.told_of(output) if process.arguments[0] == "--json" else []
        for job in told:
            self.told.add(job["id"])
            self.check_error(job)
        if not process.killed:
            self.judge(process, output, errors, told)
        process.close()

    @staticmethod
    def told_of(output):
        """The jobs in a JSON document; one that was cut off by a kill says nothing."""
        try:
            document = json.loads(output)
        except ValueError:
            return []
        rows = document if isinstance(document, list) else [document]
        jobs = [row for row in rows if isinstance(row, dict) and "attempts" in row]
        return jobs + [chained for job in jobs for chained in job.get("chained", [])]

    def check_error(self, job):
        error = job["error"]
        if error is not None and not (error["code"] in EXPECTED_JOB_ERRORS and error["code"] in self.codes):
            raise AssertionError(f"job {job['id']}: {error}")
        for problem in job["problems"]:
            if problem["code"] not in self.codes:
                raise AssertionError(f"job {job['id']}: {problem}")
        if error is not None:
            self.errors[error["code"]] += 1

    def judge(self, process, output, errors, told):
        code = process.process.returncode
        self.exits[code] += 1
        lines = errors.splitlines()
        wrong = code not in (0, 1) or (code == 1 and not lines)
        if code == 0:
            wrong = wrong or any(not line.startswith("flxlink: channel ") or "cannot be asked for single items" not in line for line in lines)
        elif not self.tells_of_a_job(told):
            wrong = wrong or not all(any(re.fullmatch("flxlink: " + error, line) for error in EXPECTED_ERRORS) for line in lines)
        if wrong:
            raise AssertionError(f"{process.arguments}: exit {code}\n{output[-2000:]}{errors}")

    @staticmethod
    def tells_of_a_job(told):
        return any(job["state"] in ("failed", "cancelled") or job["progress"]["failed"] > 0 for job in told)

    def run_for(self, seconds):
        makers = [self.runner, self.runner, self.watcher] + [self.command] * 5
        seats = [make() for make in makers]
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                for i, make in enumerate(makers):
                    if seats[i].step():
                        ended, seats[i] = seats[i], None
                        self.end(ended)
                        seats[i] = make()
                if self.random.random() < 0.002:
                    sleeper = self.random.choice(seats)
                    if sleeper.wake_at is None and sleeper.process.poll() is None:
                        sleeper.sleep(self.random.uniform(0.1, 1.5))
                time.sleep(0.003)
            self.finish(seats)
        finally:
            for seat in seats:
                if seat is not None:
                    seat.close()

    def finish(self, seats):
        for seat in seats:
            seat.wake()
        for channel in CHANNELS:
            self.done("channel", "resume", channel)
        for seat in seats:
            is_runner = seat.arguments[0] in ("run", "job")
            seat.kill_at = time.monotonic() if is_runner else None
            seat.end = signal.SIGKILL
        for i, seat in enumerate(seats):
            while not seat.step():
                time.sleep(0.01)
            seats[i] = None
            self.end(seat)

    # -- What has to be so in the end

    def jobs(self):
        return json.loads(self.done("--json", "job", "list"))

    def run_all(self):
        """Until every job has ended, what is to be tried again later too."""
        end = time.monotonic() + PATIENCE_SECONDS
        while any(job["state"] not in FINAL for job in self.jobs()):
            if time.monotonic() > end:
                raise AssertionError(f"still open: {[job for job in self.jobs() if job['state'] not in FINAL][:3]}")
            self.done("run", "--until-idle")
            time.sleep(0.2)

    def check_end(self):
        self.done("schedule", "clear", "calm")
        for channel in CHANNELS:
            self.done("channel", "resume", channel)
        self.run_all()
        for channel in CHANNELS:
            for row in json.loads(self.done("--json", "listing", "list", channel)):
                if row["health"] == "paused":
                    self.done("listing", "resume", channel, row["sku"])
        # By what is known to have changed alone: nothing is pulled.
        for _ in range(20):
            asked = self.run("sync", "--all")
            self.run_all()
            if asked.returncode == 0:
                break
        self.check_jobs()
        self.check_audit()
        self.check_platforms()
        self.sql(NO_AUDIT)
        self.done("store", "check")

    def check_jobs(self):
        jobs = {job["id"]: job for job in self.jobs()}
        lost = sorted(self.told - jobs.keys())
        if lost:
            raise AssertionError(f"lost: jobs {lost[:10]}")
        for job in jobs.values():
            self.check_error(job)

    def check_audit(self):
        store = sqlite3.connect(self.path("flxlink.db"))
        store.row_factory = sqlite3.Row
        states, epochs, claims = {}, {}, {}
        self.claimed = self.taken_over = 0
        for row in store.execute("SELECT * FROM audit ORDER BY number"):
            if row["what"] == "gone":
                raise AssertionError(f"job {row['job']} was removed")
            if row["what"] == "job":
                self.check_state(states, row)
            else:
                self.check_slot(epochs, claims, row)
        store.close()

    @staticmethod
    def check_state(states, row):
        job, state = row["job"], row["state"]
        before = states.setdefault(job, state)
        if before in FINAL and state != before:
            raise AssertionError(f"job {job} was {before} and became {state}")
        if row["running"] > 1:
            raise AssertionError(f"{row['running']} jobs of channel {row['channel']} ran at once")
        states[job] = state

    def check_slot(self, epochs, claims, row):
        change = dict(row)
        if row["holder"] is not None and row["epoch"] != row["old_epoch"]:
            self.claimed += 1
            if row["epoch"] <= epochs.get(row["channel"], 0) or row["claim"] in claims:
                raise AssertionError(f"a claim is not new: {change}")
            epochs[row["channel"]], claims[row["claim"]] = row["epoch"], True
            if row["owner"] in self.died and row["at"] > self.died[row["owner"]][1] + 2:
                raise AssertionError(f"a dead owner claims: {change}, died {self.died[row['owner']]}")
        if row["old_holder"] is None or row["holder"] is None or row["old_owner"] == row["owner"]:
            return
        self.taken_over += 1
        died = self.died.get(row["old_owner"])
        if died is None or row["at"] < died[0] - 2:
            raise AssertionError(f"taken from who was not dead: {change}, died {died}")

    def check_platforms(self):
        wanted = {}
        for row in json.loads(self.done("--json", "product", "list")):
            value = (round(float(row["price"]) * 100), row["quantity"])
            if value not in self.products.may_be[row["sku"]]:
                raise AssertionError(f"{row['sku']} is {value}, and was stated as {self.products.may_be[row['sku']]}")
            wanted[row["sku"]] = value
        if wanted.keys() != set(SKUS):
            raise AssertionError(f"{len(wanted)} products")
        for channel in CHANNELS:
            found = self.platform(channel)
            wrong = {sku: (found.get(sku), wanted[sku]) for sku in SKUS if found.get(sku) != wanted[sku]}
            if wrong:
                raise AssertionError(f"{channel}: {len(wrong)} are wrong (is, should be): {dict(list(wrong.items())[:5])}")

    def platform(self, channel):
        """The price and quantity of each SKU there."""
        with open(self.path(f"{channel}.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        if channel == "file":
            return {row["Variant SKU"]: (round(float(row["Variant Price"]) * 100), int(row["Variant Inventory Qty"])) for row in rows}
        return {row["sku"]: (int(row["price"]), int(row["quantity"])) for row in rows if row["sku"]}

    # -- What many jobs cost

    def make_jobs(self, count):
        have = len(self.jobs())
        while have < count:
            self.done("sync", "--all")
            have += len(CHANNELS)

    def tell_costs(self):
        jobs = len(self.jobs())
        for name, arguments in (("job list", ["job", "list"]), ("job list --limit 20", ["job", "list", "--limit", "20"])):
            took = []
            for _ in range(5):
                begun = time.monotonic()
                self.done(*arguments)
                took.append(time.monotonic() - begun)
            print(f"{name}: {min(took) * 1000:.0f} ms of {jobs} jobs")
        self.done("store", "vacuum")
        print(f"store: {os.path.getsize(self.path('flxlink.db')) / 1024:.0f} KiB with {jobs} jobs")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--keep", help="a folder that stays")
    args = parser.parse_args()
    if not sys.platform.startswith("linux"):
        sys.exit(77)
    seconds = args.seconds or (args.minutes or 0) * 60 or 20 * float(os.environ.get("FLXLINK_TEST_SCALE", "1"))
    with tempfile.TemporaryDirectory() as folder:
        if args.keep:
            folder = args.keep
            os.makedirs(folder)
        try:
            world = World(os.path.abspath(args.flxlink), args.source, folder, args.seed)
            world.run_for(seconds)
            world.check_end()
        except AssertionError as error:
            sys.exit(f"seed {args.seed}: {error}")
        jobs = Counter(job["state"] for job in world.jobs())
        print(f"{seconds:.0f} s from seed {args.seed}: {sum(world.commands.values())} commands {dict(world.commands)}, exits "
              f"{dict(world.exits)}; killed {sum(world.killed.values())} {dict(world.killed)}, put to sleep {world.slept}; jobs "
              f"{dict(jobs)}, told of {len(world.told)}; claims {world.claimed}, of them from the dead {world.taken_over}; "
              f"errors of jobs {dict(world.errors)}")
        if args.jobs:
            world.make_jobs(args.jobs)
            world.tell_costs()


if __name__ == "__main__":
    main()
