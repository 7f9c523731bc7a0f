#!/usr/bin/env python3
"""Measures wyndrvr and wyndrvrd next to the tools that are installed, and prints a Markdown table.

    tests/bench/bench.py [--only NAME...] [--runs N] [--quick] BUILD_DIR

BUILD_DIR holds a Release build. Tools are run in turns with wyndrvr. Needs root for what is measured in a
network of its own. It judges, but exits 0 once it has measured, whatever the figures. README.md
says what each row is.
"""
import argparse
import os
import platform
import signal
import sys
import time

sys.dont_write_bytecode = True

import hosts  # noqa: E402
import loopback  # noqa: E402
import paths  # noqa: E402
import rivals  # noqa: E402
from measure import TROUBLE, Bench, Row, Skipped, say, table  # noqa: E402

MEASUREMENTS = {
    "full_speed": loopback.full_speed,
    "small": loopback.small,
    "both": loopback.both,
    "cpu": loopback.cpu,
    "capacity": paths.capacity,
    "lossy": paths.lossy,
    "steps": paths.steps,
    "share": rivals.share,
    "heartbeat": rivals.heartbeat,
    "clock": hosts.clock,
    "causes": hosts.causes,
    "span": loopback.span,
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[],
                        help="of: %s" % ", ".join(MEASUREMENTS))
    parser.add_argument("--runs", type=int, default=5, help="of each (default 5)")
    parser.add_argument("--quick", action="store_true", help="one short run of each: to see that it works")
    parser.add_argument("build", metavar="BUILD_DIR", nargs="?")
    options = parser.parse_args()
    if not options.build and options.only:
        options.build = options.only.pop()
    if not options.build or not os.path.isdir(options.build):
        parser.error("no such BUILD_DIR: %s" % options.build)
    unknown = set(options.only) - set(MEASUREMENTS)
    if unknown:
        parser.error("not known: %s" % ", ".join(sorted(unknown)))
    if options.runs < 1:
        parser.error("--runs is at least 1")
    return options


def measured(bench, name):
    """Rows of a measurement, or one that says why there are none."""
    try:
        return MEASUREMENTS[name](bench)
    except Skipped as e:
        return [Row(name, note="skipped: %s" % e)]
    except TROUBLE as e:
        say("%s failed: %r" % (name, e))
        return [Row(name, note="failed: %s" % str(e).replace("\n", " ")[:200])]
    finally:
        bench.end_children()


def processor():
    with open("/proc/cpuinfo") as lines:
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return "%d x %s" % (os.cpu_count(), names[0] if names else platform.machine())


def ended(number, frame):
    sys.exit(128 + number)  # so that the cleanups run


def main():
    options = parse()
    bench = Bench(options.build, options.runs, options.quick)
    signal.signal(signal.SIGTERM, ended)
    rows, code = [], 0
    try:
        for name in options.only or MEASUREMENTS:
            rows += measured(bench, name)
    except KeyboardInterrupt:
        say("interrupted: this is what was measured")
        code = 130
    finally:
        bench.close()
    print("%s, %s, Linux %s, load %.1f; `%s`\n" % (time.strftime("%Y-%m-%d"), processor(), platform.release(),
                                                  os.getloadavg()[0], " ".join(sys.argv)))
    print(table(rows))
    return code


if __name__ == "__main__":
    sys.exit(main())
