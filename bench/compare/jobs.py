"""Times flxlink's jobs and those of other queues over SQLite, each in its own file in one folder; see jobs.sh.

Each phase is a process of its own, which says how long the jobs took it. A second, short run under strace counts the
calls of fdatasync and fsync a job.
"""

import argparse
import json
import os
import re
import shutil
import subprocess

PHASES = ["enqueue", "enqueue together", "run 1", "run 4", "run 50"]
LESS_UNDER_STRACE = 10


class Contender:
    """`command` with the phases that it has: name of the phase, its arguments after the path, but for the count."""

    def __init__(self, name, command, phases):
        self.name = name
        self.command = command
        self.phases = phases


def contenders(args):
    work = args.work
    flxlink = [f"{args.build}/bench/jobs_run"]
    asked = {"enqueue": ("enqueue", 1), "enqueue together": ("enqueue", 50)}
    batches = {"enqueue": ("enqueue", 1), "enqueue together": ("enqueue-batch", 1)}
    runs = {"run 1": ("run", 1), "run 4": ("run", 4)}
    queue = {f"run {n}": ("run-queue", n) for n in (1, 4, 50)}
    return [
        Contender("flxlink, queue", flxlink, {**asked, **queue}),
        Contender("flxlink, engine", flxlink, {**asked, **runs, "run 50": ("run", 50)}),
        Contender("plainjob", ["node", f"{work}/npm/jobs_plainjob.mjs"], {**batches, **runs}),
        Contender("riversqlite", [f"{work}/river/jobs_river"], {**batches, **runs, "run 50": ("run", 50)}),
        Contender("huey", [f"{work}/venv/bin/python", f"{args.here}/jobs_huey.py"],
                  {"enqueue": ("enqueue", 1), **runs, "run 50": ("run", 50)}),
    ]


def run_phase(contender, path, phase, count, number, strace=None):
    command = [*contender.command, path, phase, str(count), str(number)]
    if strace is not None:
        command = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", strace, *command]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])["seconds"]


def calls_in(path):
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*\bf(?:data)?sync$", file.read(), re.MULTILINE)
    return sum(map(int, found))


def measure(contender, folder, count, strace):
    """By phase: seconds, or under strace calls a job. The jobs that a run takes were enqueued right before it."""
    results = {}
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    path = f"{folder}/jobs.db"
    calls = f"{folder}/calls" if strace else None
    run_phase(contender, path, "setup", count, 0)
    enqueues = [phase for phase in PHASES if phase in contender.phases and phase.startswith("enqueue")]
    runs = [phase for phase in PHASES if phase in contender.phases and phase.startswith("run")]
    for i, run in enumerate(runs):
        for phase in (enqueues[min(i, len(enqueues) - 1)], run):
            seconds = run_phase(contender, path, contender.phases[phase][0], count, contender.phases[phase][1], calls)
            results.setdefault(phase, calls_in(calls) / count if strace else count / seconds)
    shutil.rmtree(folder)
    return results


def best(rounds):
    """Of each phase the round with the most jobs a second."""
    return {phase: max(results[phase] for results in rounds) for phase in rounds[0]}


def number(value):
    return "–" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def print_table(title, rows):
    print(f"\n| {title} | " + " | ".join(PHASES) + " |")
    print("|---" * (len(PHASES) + 1) + "|")
    for name, results in rows:
        print(f"| {name} | " + " | ".join(number(results.get(phase)) for phase in PHASES) + " |")


def ratios(results, base):
    return {phase: results[phase] / base[phase] for phase in results if phase in base}


def print_claims(args):
    folder = f"{args.work}/store"
    flxlink = contenders(args)[0]
    print("\n| jobs behind 50 busy channels | milliseconds a claim by flxlink |\n|---|---|")
    for jobs in (50, 100000):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        seconds = run_phase(flxlink, f"{folder}/jobs.db", "claim", args.claims, jobs)
        print(f"| {jobs:,} | {1000 * seconds / args.claims:.3f} |")
    shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--here", required=True)
    parser.add_argument("--claims", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    chosen = [c for c in contenders(args) if not args.only or any(c.name.startswith(o) for o in args.only.split(","))]
    folder = f"{args.work}/store"
    print(f"{args.jobs} jobs in {folder}; strace: {shutil.which('strace') or 'not there, so syncs are not counted'}")
    # In turns, so that what else the machine does meanwhile meets all of them.
    rounds = [[measure(c, folder, args.jobs, strace=False) for c in chosen] for _ in range(args.repeat)]
    rows = [(c.name, best(results)) for c, results in zip(chosen, zip(*rounds))]
    print_table(f"jobs/s, best of {args.repeat}", rows)
    print_table(f"÷ {rows[0][0]}", [(name, ratios(results, rows[0][1])) for name, results in rows])
    if shutil.which("strace"):
        few = max(args.jobs // LESS_UNDER_STRACE, 50)
        print_table("syncs a job", [(c.name, measure(c, folder, few, strace=True)) for c in chosen])
    print_claims(args)


main()
