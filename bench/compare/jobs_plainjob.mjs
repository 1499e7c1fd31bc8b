// plainjob's part of jobs.sh: node jobs_plainjob.mjs PATH PHASE COUNT NUMBER, as jobs_run.cc. Copied beside its modules.
//
// plainjob sets synchronous = NORMAL; FULL is set after that, so that its commits outlast a loss of power, too. Node runs
// one thread: each worker is a process of its own, which is started before the time is taken.

import { fork } from "node:child_process";
import Database from "better-sqlite3";
import { better, defineQueue, defineWorker, JobStatus } from "plainjob";

const BATCH = 1000;
const [path, phase, countText, numberText] = process.argv.slice(2);
const count = Number(countText);
const number = Number(numberText);
const logger = { debug() {}, info() {}, warn() {}, error: console.error };

function open() {
  const connection = better(new Database(path));
  const queue = defineQueue({ connection, logger });
  connection.pragma("synchronous = FULL");
  return queue;
}

function print(begun) {
  console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - begun) / 1e9, done: count }));
}

// Tells its parent when it is ready, and of each job that is done.
function work() {
  const queue = open();
  const onCompleted = () => process.send("done");
  const worker = defineWorker("nothing", async () => {}, { queue, logger, onCompleted, pollIntervall: 1 });
  process.on("message", () => worker.start());
  process.send("ready");
}

async function run() {
  const workers = Array.from({ length: number }, () => fork(process.argv[1], [path, "work", "0", "0"]));
  let told = 0;
  const reach = (wanted) =>
    new Promise((resolve) => {
      for (const worker of workers) {
        worker.removeAllListeners("message");
        worker.on("message", () => ++told === wanted && resolve());
      }
    });
  await reach(number);
  told = 0;
  const begun = process.hrtime.bigint();
  const all = reach(count);
  for (const worker of workers) worker.send("start");
  await all;
  print(begun);
  for (const worker of workers) worker.kill();
}

if (phase === "work") {
  work();
} else if (phase === "run") {
  await run();
} else {
  const queue = open();
  const begun = process.hrtime.bigint();
  if (phase === "enqueue") {
    for (let i = 0; i < count; ++i) queue.add("nothing", { i });
  } else if (phase === "enqueue-batch") {
    for (let at = 0; at < count; at += BATCH) {
      queue.addMany("nothing", Array.from({ length: Math.min(BATCH, count - at) }, (_, i) => ({ i: at + i })));
    }
  }
  print(begun);
  queue.close();
}
