"""huey's part of jobs.sh: python jobs_huey.py PATH PHASE COUNT NUMBER, as jobs_run.cc.

WAL, and synchronous = FULL by fsync=True. huey has no call for several tasks. It takes a task out of the queue when it
begins and notes no end: a task whose process dies is lost.
"""

import json
import logging
import sys
import threading
import time

from huey import SqliteHuey


def main():
    path, phase, count, number = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    logging.disable(logging.CRITICAL)
    huey = SqliteHuey(filename=path, fsync=True)
    left = [count]
    lock = threading.Lock()
    all_done = threading.Event()

    @huey.task()
    def nothing(_):
        with lock:
            left[0] -= 1
            if left[0] == 0:
                all_done.set()

    begun = time.monotonic()
    if phase == "enqueue":
        for i in range(count):
            nothing(i)
    elif phase == "run":
        consumer = huey.create_consumer(workers=number, periodic=False, initial_delay=0.001, max_delay=0.001)
        consumer.start()
        all_done.wait()
    print(json.dumps({"seconds": time.monotonic() - begun, "done": count}))
    sys.stdout.flush()
    if phase == "run":
        consumer.stop(graceful=True)


main()
