"""docs/jobs-recording.md: what a person sees who steers a queue of 50 jobs. This plays it anew and compares, times, rates and counts that
depend on the machine apart.

    python3 recording_test.py --flxlink PROGRAM --source SOURCE_DIR [--update]
"""

import argparse
import difflib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE_SECONDS = 120
SHOPS = [f"shop{number}" for number in range(1, 10)]
ITEMS = 30000  # Of the slow shop: three pages.

HEAD = """\
# Steering jobs: a recording

Made by `tests/program/recording_test.py --update`, which is also the test that it stays true. Ten channels, nine quick ones with three items each
and one, `slow`, with 30,000 on a platform that takes its time. A line that begins with `$` is what was typed.
"""


class Recording:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.text = HEAD
        self.processes = []

    # -- The pieces of the text

    def say(self, text):
        self.text += f"\n{text}\n"

    def block(self, lines):
        self.text += "\n" + "".join(f"    {line}\n" for line in lines)

    def show(self, *arguments):
        """What a command says, standard error behind standard output."""
        done = subprocess.run([self.program, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              encoding="utf-8", timeout=PATIENCE_SECONDS, check=False)
        self.block(["$ flxlink " + " ".join(arguments), *done.stdout.splitlines()])

    def quietly(self, *arguments):
        return subprocess.run([self.program, *arguments], cwd=self.folder, stdout=subprocess.PIPE, encoding="utf-8",
                              timeout=PATIENCE_SECONDS, check=True).stdout

    def job(self, job_id):
        return json.loads(self.quietly("--json", "job", "show", str(job_id)))

    # -- What runs beside

    def start(self, *arguments):
        process = subprocess.Popen([self.program, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   encoding="utf-8")
        self.processes.append(process)
        return process

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()

    @staticmethod
    def wait_until(condition):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("it did not happen")
            time.sleep(0.02)

    def write_products(self, name, products):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write("sku,price\n" + "".join(f"{sku},{price}\n" for sku, price in products))

    # -- The play

    def set_up(self):
        for shop in SHOPS:
            self.add_channel(shop, "path=" + shop + ".csv", "items=3")
        self.add_channel("slow", "path=slow.csv", f"items={ITEMS}", "latency_ms=500")
        self.write_products("products.csv", [(f"SKU-{number}", "10.00") for number in range(1, 4)])
        self.quietly("product", "import", "products.csv")
        self.quietly("build", "slow")
        self.quietly("pull", "slow")
        self.quietly("link", "slow")
        self.quietly("sync", "slow")

    def add_channel(self, name, *settings):
        self.quietly("channel", "add", name, "--adapter", "simulated", *[word for setting in settings for word in ("--set", setting)],
                     "--rule", "sku=sku", "--status-rule", "quantity<=0:hide", "--link-after-sync", "no")

    def play(self):
        self.set_up()
        self.queue_of_fifty()
        pull = self.prioritized()
        self.yields(pull)
        self.cancels()
        self.runs_again()

    def queue_of_fifty(self):
        self.say("Nothing runs yet. Five commands queue 50 jobs, one of each kind on each channel.")
        for kind in ("pull", "build", "link", "rules", "sync"):
            self.quietly(kind, "--all", "--no-wait")
        self.block([f"$ flxlink {kind} --all --no-wait" for kind in ("pull", "build", "link", "rules", "sync")])
        self.say("The queue, in the order in which the jobs will run: syncs before links and rules, builds after them, whole pulls last.")
        watch = self.start("job", "watch")
        lines = [watch.stdout.readline().rstrip("\n") for _ in range(50)]
        watch.send_signal(signal.SIGINT)
        rest = watch.communicate(timeout=PATIENCE_SECONDS)[0].splitlines()
        self.block(["$ flxlink job watch", *lines, "^C", *rest])

    def prioritized(self):
        pull = next(job["id"] for job in json.loads(self.quietly("--json", "job", "queue", "slow")) if job["kind"] == "pull")
        self.say("Somebody waits for the pull of the slow shop.")
        self.show("job", "prioritize", str(pull))
        self.show("job", "queue", "slow")
        return pull

    def yields(self, pull):
        sync = next(job["id"] for job in json.loads(self.quietly("--json", "job", "queue", "slow")) if job["kind"] == "sync")
        self.say("A price changes, and a process begins to serve the queues. The pull is first. As a change never waits for the end of a pull, it makes\n"
                 "room for the sync after a page, and goes on from there. `job watch` of it, in another window:")
        self.write_products("news.csv", [("SKU-1", "12.50")])
        self.quietly("product", "import", "news.csv")
        watch = self.start("job", "watch", str(pull))
        first = watch.stdout.readline().rstrip("\n")
        runner = self.start("run")
        lines = [first, *watch.communicate(timeout=PATIENCE_SECONDS)[0].splitlines()]
        self.block([f"$ flxlink job watch {pull}", *lines])
        self.say("That was no failure, and no other attempt. The sync had ended before it did.")
        self.show("job", "show", str(pull))
        self.show("job", "show", str(sync))
        self.wait_until(lambda: all(job["finished_at"] for job in json.loads(self.quietly("--json", "job", "list"))))
        self.stop(runner)

    @staticmethod
    def stop(runner):
        runner.send_signal(signal.SIGTERM)
        runner.communicate(timeout=PATIENCE_SECONDS)

    def cancels(self):
        self.say("A job that waits is cancelled at once, one that runs at its next step.")
        waiting = json.loads(self.quietly("--json", "build", "shop1", "--no-wait"))["id"]
        self.show("job", "cancel", str(waiting))
        running = json.loads(self.quietly("--json", "pull", "slow", "--no-wait"))["id"]
        runner = self.start("run")
        self.wait_until(lambda: self.job(running)["progress"]["done"] > 0)
        watch = self.start("job", "watch", str(running))
        first = watch.stdout.readline().rstrip("\n")
        self.show("job", "cancel", str(running))
        self.block([f"$ flxlink job watch {running}", first, *watch.communicate(timeout=PATIENCE_SECONDS)[0].splitlines()])
        self.stop(runner)
        self.cancelled = waiting

    def runs_again(self):
        self.say("A job that has ended is run again on today's data, as a new one.")
        self.show("job", "rerun", str(self.cancelled))
        self.say("Nothing is open.")
        self.show("run", "--until-idle")
        self.show("job", "list", "--limit", "5")


def normalized(text):
    """Without what depends on the machine."""
    lines = []
    for line in text.splitlines():
        line = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", line)
        line = re.sub(r", [0-9.,]+/s(, about .*? left)?", "", line)
        if "): running" in line or "): pending" in line or "): cancelled" in line or line.endswith("TIME"):
            line = re.sub(r"[0-9,]+ done", "N done", line)
        line = re.sub(r" +", " ", line)
        line = re.sub(r"(?<= cancelled hand 0 )\d+", "N", line)
        if not lines or lines[-1] != line:
            lines.append(line)
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flxlink", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    path = os.path.join(args.source, "docs", "jobs-recording.md")
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(os.path.abspath(args.flxlink), folder)
        try:
            recording.play()
        finally:
            recording.end()
    if args.update:
        with open(path, "w", encoding="utf-8") as file:
            file.write(recording.text)
        return
    with open(path, encoding="utf-8") as file:
        kept = file.read()
    difference = list(difflib.unified_diff(normalized(kept), normalized(recording.text), "docs/jobs-recording.md", "now", lineterm=""))
    if difference:
        sys.exit("\n".join(difference) + "\nif that is right: recording_test.py --update")


if __name__ == "__main__":
    main()
