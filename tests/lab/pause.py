#!/usr/bin/env python3
"""Stops processes for a moment, again and again, as a busy host does.

    pause.py [--ms LOW HIGH] [--every LOW HIGH] [--seed N] PID...

Each pause is drawn from 3 to 20 ms, each time between two of them from 75 to 225 ms; all processes are stopped
together. Ends at SIGTERM or when one of them has gone, prints how many pauses there were and how long in all,
as JSON, and leaves none of them stopped.
"""
import argparse
import contextlib
import json
import os
import random
import signal
import sys
import time


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ms", nargs=2, type=float, default=(3, 20), metavar=("LOW", "HIGH"))
    parser.add_argument("--every", nargs=2, type=float, default=(75, 225), metavar=("LOW", "HIGH"), help="ms")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("pids", nargs="+", type=int, metavar="PID")
    return parser.parse_args()


def hurry():
    """A pause shall not be longer because this process waits for the processor."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))


def stop(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def go_on(pids):
    """Whichever of them are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def pause(pids, chance, options):
    """One pause; how long it was, in seconds."""
    time.sleep(chance.uniform(*options.every) / 1000)
    begin = time.monotonic()
    try:
        stop(pids)
        time.sleep(chance.uniform(*options.ms) / 1000)
    finally:
        go_on(pids)
    return time.monotonic() - begin


def main():
    options = parse()
    chance, lengths = random.Random(options.seed), []
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    hurry()
    try:
        with contextlib.suppress(ProcessLookupError):
            while True:
                lengths.append(pause(options.pids, chance, options))
    finally:
        go_on(options.pids)
        print(json.dumps({"pauses": len(lengths), "seconds": round(sum(lengths), 6)}))


if __name__ == "__main__":
    main()
