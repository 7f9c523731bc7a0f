#!/usr/bin/env python3
"""Measures wyndrvr on paths drawn at random, over an emulated link whose own count is the truth.

    tests/bench/wild.py [--paths N] [--seed S] [--seconds S] [--tests up down both] [--kinds NAME...]
                        [--only K...] [--udpst PATH] [--iperf3 PATH] [--verbose] BUILD_DIR

Prints a Markdown table on stdout: directions of tests by kind of path. With --verbose each of them as a line, and
the path's settings; `--seed S --only K` replays path K with the same link and the same chance. Needs root. It judges,
but exits 0 when it has measured, whatever came out. README.md says what the columns are.
"""
import argparse
import os
import shlex
import signal
import sys
import time

sys.dont_write_bytecode = True

from bench import ended, processor  # noqa: E402
from measure import Bench, say  # noqa: E402
import wild_table  # noqa: E402
from wild_paths import KINDS, path  # noqa: E402
from wild_runs import FLAGS, Wild  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--paths", type=int, default=30, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=6, help="of each test")
    parser.add_argument("--tests", nargs="+", choices=tuple(FLAGS), default=tuple(FLAGS))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, metavar="NAME",
                        help="of: %s" % ", ".join(KINDS))
    parser.add_argument("--only", nargs="+", type=int, metavar="K", help="these paths of the seed")
    parser.add_argument("--udpst", metavar="PATH", help="measures up and down beside it")
    parser.add_argument("--iperf3", metavar="PATH", help="the same")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("build", metavar="BUILD_DIR")
    options = parser.parse_args()
    if not os.path.isdir(options.build):
        parser.error("no such BUILD_DIR: %s" % options.build)
    if os.geteuid() != 0:
        parser.error("network namespaces need root")
    return options


def chosen(options):
    """The first N of the kinds that are asked for, or those that are named."""
    if options.only:
        return [path(options.seed, number) for number in options.only]
    found, number = [], 0
    while len(found) < options.paths:
        drawn = path(options.seed, number)
        if drawn.kind in options.kinds:
            found.append(drawn)
        number += 1
    return found


def tools_of(options):
    return {name: program for name, program in (("UDP-ST", options.udpst), ("iperf3", options.iperf3)) if program}


def measure(wild, drawn, options):
    """The results of all tests on one path."""
    found = []
    for at, test in enumerate(options.tests):
        seed = options.seed * 1000003 + drawn.number * 101 + list(FLAGS).index(test)
        results = wild.measure(drawn, test, seed)
        for name, program in tools_of(options).items() if test != "both" else ():
            results[0].others[name] = wild.error_of(name, program, drawn, test, seed)
        for result in results:
            say("  " + wild_table.line(result) if options.verbose else
                "  %s %s: %s" % (test, result.way, "within" if wild_table.is_within(result) else "off"))
        found += results
    return found


def main():
    options = parse()
    bench = Bench(options.build, 1, False)
    wild = Wild(bench, os.path.join(options.build, "tests", "emulator"), options.seconds)
    signal.signal(signal.SIGTERM, ended)
    results, code, load = [], 0, os.getloadavg()[0]
    try:
        for drawn in chosen(options):
            say("path %d of seed %d, %s%s" % (drawn.number, options.seed, drawn.kind,
                                              ": %s" % drawn if options.verbose else ""))
            results += measure(wild, drawn, options)
    except KeyboardInterrupt:
        say("interrupted: this is what was measured")
        code = 130
    finally:
        bench.close()
    print("%s, %s, Linux %s, load %.1f before and %.1f after; `%s`\n" % (
        time.strftime("%Y-%m-%d"), processor(), os.uname().release, load, os.getloadavg()[0], shlex.join(sys.argv)))
    print(wild_table.table(results, tuple(tools_of(options)), options.seconds))
    return code


if __name__ == "__main__":
    sys.exit(main())
