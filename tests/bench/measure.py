"""Measured child processes, and rows of the table.

Owns: the children (each with a deadline), the ports they may use, and a home without user settings.
Policy: nothing is asserted. A failed run is reported on stderr and in the row; the rest goes on.
"""
import contextlib
import dataclasses
import os
import shutil
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, os.pardir, name) for name in ("lab", "programs")]

from harness import Ports  # noqa: E402
from children import MeasuredChild, own_settings  # noqa: E402

LENGTH = 1400        # bytes of UDP payload, the longest
IP_BYTES = 28        # IPv4 and UDP headers
FRAME_BYTES = 42     # ... and Ethernet's, which tbf counts


class Failed(Exception):
    """A run without a result; says why."""


# Also what the lab's commands raise, and figures missing from a document.
TROUBLE = (Failed, AssertionError, OSError, LookupError, TypeError, ArithmeticError)


class Skipped(Exception):
    """What this machine can't do; says why."""


def say(text):
    print("%s %s" % (time.strftime("%H:%M:%S"), text), file=sys.stderr, flush=True)


def installed(tool):
    return shutil.which(tool) is not None


def median(values):
    return statistics.median(values) if values else None


class Bench:
    """What all rows share: the programs, how long and how often, and the children."""

    def __init__(self, build, runs, quick):
        self.wyndrvr = os.path.join(build, "tui", "wyndrvr")
        self.wyndrvrd = os.path.join(build, "server", "wyndrvrd")
        self.loop = os.path.join(build, "tests", "bench_loop")
        self.span = os.path.join(build, "tests", "bench_span")
        self.runs, self.quick = 1 if quick else runs, quick
        self.home = tempfile.mkdtemp(prefix="wyndrvr-bench-")
        self._ports, self._children = Ports(), []

    def seconds(self, usual, quick=2):
        return quick if self.quick else usual

    @contextlib.contextmanager
    def attempt(self, what, run, rows):
        """One run, whose failure doesn't affect the others."""
        say("%s, run %d of %d" % (what, run + 1, self.runs))
        try:
            yield
        except TROUBLE as e:
            say("  failed: %r" % e)
            for row in rows:
                row.failed += 1

    def start(self, *arguments, lab=None, host=None):
        if lab:
            arguments = ("ip", "netns", "exec", "%s-%s" % (lab.name, host)) + arguments
        child = MeasuredChild(arguments, own_settings(self.home))
        self._children.append(child)
        return child

    def port(self):
        return self._ports.take()[0]

    def server(self, *flags, before=()):
        """A wyndrvrd on loopback, and its address; `before`: a command to run it under."""
        address = "127.0.0.1:%d" % self.port()
        child = self.start(*before, self.wyndrvrd, address, "--port-ranges",
                           "%d-%d" % self._ports.take(15), *flags)
        child.wait_for("Server started on")
        return child, address

    def client(self, address, *flags, **where):
        return self.start(self.wyndrvr, address, "--no-tui", "--json", *flags, **where)

    def end_children(self):
        for child in self._children:
            child.kill()
        self._children.clear()

    def close(self):
        self.end_children()
        self._ports.close()
        shutil.rmtree(self.home)


@dataclasses.dataclass
class Row:
    """One line of the table. The bound is for the ratio of the medians, or the figure itself."""
    what: str
    unit: str = ""
    bound: float = None
    at_least: bool = False
    by_ratio: bool = False
    in_every_run: bool = False
    other_is: str = "-"
    note: str = ""
    failed: int = 0
    values: list = dataclasses.field(default_factory=list)
    others: list = dataclasses.field(default_factory=list)

    def add(self, value, other=None):
        if value is None:
            self.note = self.note or "in some runs there was no such figure"
        else:
            self.values.append(value)
        if other is not None:
            self.others.append(other)

    def ratio(self):
        if not self.values or not self.others or not median(self.others):
            return None
        return median(self.values) / median(self.others)

    def _judged(self):
        if self.by_ratio:
            return self.ratio()
        if not self.values or not self.in_every_run:
            return median(self.values)
        return min(self.values) if self.at_least else max(self.values)

    def met(self):
        judged = self._judged()
        if self.bound is None:
            return ""
        if judged is None:
            return "not measured"
        return "yes" if (judged >= self.bound if self.at_least else judged <= self.bound) else "**no**"

    def bound_text(self):
        if self.bound is None:
            return "-"
        unit = " of it" if self.by_ratio else " " + self.unit if self.unit else ""
        every = ", every run" if self.in_every_run else ""
        return "%s %s%s%s" % (">=" if self.at_least else "<=", figure(self.bound), unit, every)

    def cells(self):
        own = "-"
        if self.values:
            own = "%s (%s..%s) %s" % (figure(median(self.values)), figure(min(self.values)),
                                      figure(max(self.values)), self.unit)
        other = "-"
        if self.others:
            other = "%s: %s %s" % (self.other_is, figure(median(self.others)), self.unit)
        ratio = self.ratio()
        failed = "%d more runs failed" % self.failed if self.failed else ""
        what = "; ".join(part for part in (self.what, self.note, failed) if part)
        return [what, self.bound_text(), own.strip(), other.strip(),
                "-" if ratio is None else "%.3f" % ratio, self.met()]


def figure(value):
    """Four digits, or all of a larger whole number."""
    return "%d" % round(value) if abs(value) >= 1000 else "%.4g" % value


def table(rows):
    lines = [["what", "bound", "wyndrvr, median (min..max)", "other, median", "ratio", "met?"], ["---"] * 6]
    lines += [[cell.replace("|", "/") for cell in row.cells()] for row in rows]
    return "\n".join("| %s |" % " | ".join(line) for line in lines)
