"""What tests and benches of both programs share: a running program, watched line by line, each wait with a
deadline, and ended by its process id; the environment that says what to test.

The environment: WYNDRVRD, WYNDRVR and others name the programs, BUILD_SANITIZED (1: slower)."""
import ctypes
import fcntl
import functools
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

SANITIZED = os.environ.get("BUILD_SANITIZED", "") not in ("", "0")
SLOWER = 4 if SANITIZED else 1
DEADLINE_S = 10 * SLOWER  # for what takes a moment
END_S = 2 * SLOWER        # in which a program that was told to end does so
POLL_S = 0.01
MEASURED_S = 15

REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
           "runtime error:", "ThreadSanitizer:DEADLYSIGNAL", "AddressSanitizer:DEADLYSIGNAL")
F_SETPIPE_SZ, SMALL_PIPE = 1031, 4096
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)


@functools.lru_cache(maxsize=None)
def is_thread_sanitized(path):
    with open(path, "rb") as binary:
        return b"__tsan_init" in binary.read()


def program(name):
    path = os.environ.get(name)
    if not path:
        raise AssertionError("%s is not set: it names the program to test" % name)
    return path


def until(condition, what, seconds=None, poll_s=POLL_S):
    """Waits for a condition and returns its value; AssertionError after the deadline."""
    seconds = DEADLINE_S if seconds is None else seconds
    ends = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends:
            raise AssertionError("not in %.1f s: %s" % (seconds, what))
        time.sleep(poll_s)


def own_settings(home, **more):
    """An environment with a home of its own and nothing of the user's settings."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith("WYNDRVR_")}
    keep.update(HOME=home, XDG_CONFIG_HOME=os.path.join(home, "xdg"), PYTHONDONTWRITEBYTECODE="1", **more)
    return keep


class Stream:
    """The lines that a child has written so far, each with the time of its arrival."""

    def __init__(self, name, pipe):
        self.name, self.lines, self.times, self.ended = name, [], [], False
        self._pipe = pipe
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def read(self):
        """From now on lines are taken."""
        if not self._thread.ident:
            self._thread.start()

    def waiting_bytes(self):
        """How much the child has written that nobody has taken yet."""
        return struct.unpack("i", fcntl.ioctl(self._pipe, termios.FIONREAD, bytes(4)))[0]

    def _read(self):
        for line in iter(self._pipe.readline, b""):
            with self._news:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.times.append(time.monotonic())
                self._news.notify_all()
        with self._news:
            self.ended = True
            self._news.notify_all()

    def close(self):
        self.read()
        self._thread.join(DEADLINE_S)
        self._pipe.close()

    def find(self, pattern):
        """The matches of whole lines."""
        return [m for m in (re.fullmatch(pattern, line) for line in list(self.lines)) if m]

    def wait(self, pattern, seconds=None, count=1):
        """The match of a whole line, or of the count-th; AssertionError after the deadline, or
        when the stream ends without it."""
        return self._wait(pattern, seconds, count)[0]

    def wait_time(self, pattern, seconds=None, count=1):
        """When that line arrived."""
        return self._wait(pattern, seconds, count)[1]

    def _wait(self, pattern, seconds, count):
        seconds = DEADLINE_S if seconds is None else seconds
        ends = time.monotonic() + seconds
        seen, at = 0, 0
        with self._news:
            while True:
                for at in range(at, len(self.lines)):
                    match = re.fullmatch(pattern, self.lines[at])
                    seen += bool(match)
                    if match and seen == count:
                        return match, self.times[at]
                at = len(self.lines)
                left = ends - time.monotonic()
                if self.ended or left <= 0:
                    raise AssertionError("%s: no line %d of %r in %.1f s\n%s" % (
                        self.name, count, pattern, seconds, self.text()))
                self._news.wait(left)

    def text(self):
        if self.lines[:1] == ["{"] and self.ended:
            return "%s| %s" % (self.name, " ".join(line.strip() for line in self.lines))
        lines = self.lines if len(self.lines) <= 60 else \
            self.lines[:20] + ["... %d lines ..." % (len(self.lines) - 60)] + self.lines[-40:]
        return "\n".join("%s| %s" % (self.name, line) for line in lines)


class Child:
    """A running program. `unread`: the stream ("out" or "err") that is a small pipe which nobody
    reads, as long as the program runs or until its read() is called."""

    def __init__(self, arguments, environment, unread=None):
        self.arguments = arguments
        self.program = self.program_of(arguments)
        self.started = time.monotonic()
        self._process = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if unread:
            fcntl.fcntl({"out": self._process.stdout, "err": self._process.stderr}[unread],
                        F_SETPIPE_SZ, SMALL_PIPE)
        self.pid = self._process.pid
        name = "peer" if self.program == sys.executable else os.path.basename(self.program)
        self.out = Stream("%s.%d.out" % (name, self.pid), self._process.stdout)
        self.err = Stream("%s.%d.err" % (name, self.pid), self._process.stderr)
        for stream in (self.out, self.err):
            if stream is not getattr(self, unread or "", None):
                stream.read()

    @staticmethod
    def program_of(arguments):
        return arguments[0]

    def is_running(self):
        return self._process.poll() is None

    def send_signal(self, number):
        self._process.send_signal(number)

    def wait(self, seconds=None):
        """The exit code, as a shell has it for signals that the program itself took."""
        seconds = DEADLINE_S if seconds is None else seconds
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("still running after %.1f s\n%s" % (seconds, self)) from None
        self.out.close()
        self.err.close()
        return code

    def end(self, number=signal.SIGTERM, seconds=None):
        """Tells it to end; the exit code."""
        self.send_signal(number)
        return self.wait(END_S if seconds is None else seconds)

    def kill(self):
        if self.is_running():
            self._process.kill()
        self.wait()

    def document(self):
        """The one JSON document that is all of stdout."""
        return json.loads("\n".join(self.out.lines))

    def last_object(self):
        """The JSON object on the last line of stdout."""
        return json.loads(self.out.lines[-1])

    def threads(self):
        """How many threads it has, without the one that ThreadSanitizer's runtime adds as soon as
        there is a second."""
        with open("/proc/%d/status" % self.pid) as status:
            count = int(re.search(r"^Threads:\s*(\d+)$", status.read(), re.M).group(1))
        return count - 1 if count > 1 and is_thread_sanitized(self.program) else count

    def resident_kib(self):
        with open("/proc/%d/status" % self.pid) as status:
            return int(re.search(r"^VmRSS:\s*(\d+)", status.read(), re.M).group(1))

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def blocks(self, number):
        """Whether its main thread holds back a signal."""
        with open("/proc/%d/status" % self.pid) as status:
            blocked = re.search(r"^SigBlk:\s*(\w+)$", status.read(), re.M).group(1)
        return bool(int(blocked, 16) >> (number - 1) & 1)

    def sanitizer_reports(self):
        return [line for line in self.err.lines if any(report in line for report in REPORTS)]

    def __str__(self):
        code = self._process.poll()
        return "$ %s\nexit: %s\n%s\n%s" % (" ".join(self.arguments), code, self.out.text(),
                                           self.err.text())


def _end_with_parent():
    """In the child: whatever happens to this program, nothing is left running."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class MeasuredChild:
    """A running program that nobody reads while it runs, so that this one costs it no time; `cpu_s` is known
    once it has ended."""

    def __init__(self, arguments, environment):
        self.arguments, self.cpu_s, self.code = [str(a) for a in arguments], None, None
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self._process = subprocess.Popen(self.arguments, env=environment, stdin=subprocess.DEVNULL,
                                         stdout=self._out, stderr=self._err, preexec_fn=_end_with_parent)
        self.pid = self._process.pid

    def is_running(self):
        """Also takes the exit code and the CPU time."""
        if self.code is not None:
            return False
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if not pid:
            return True
        self.code = self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_s = usage.ru_utime + usage.ru_stime
        return False

    def wait(self, seconds=MEASURED_S):
        ends = time.monotonic() + seconds
        while self.is_running():
            if time.monotonic() > ends:
                self.kill()
                raise AssertionError("not ended in %d s: %s" % (seconds, self))
            time.sleep(POLL_S)
        return self.code

    def wait_for(self, text, seconds=MEASURED_S):
        ends = time.monotonic() + seconds
        while text not in self.out():
            if not self.is_running() or time.monotonic() > ends:
                raise AssertionError("no %r: %s" % (text, self))
            time.sleep(POLL_S)

    def send_signal(self, number):
        if self.is_running():
            os.kill(self.pid, number)

    def end(self):
        """Asks it to end; the exit code."""
        if self.is_running():
            self._process.terminate()
        return self.wait()

    def kill(self):
        if self.is_running():
            self._process.kill()
            while self.is_running():
                time.sleep(POLL_S)

    @staticmethod
    def _text(stream):
        size = os.fstat(stream.fileno()).st_size
        return os.pread(stream.fileno(), size, 0).decode("utf-8", "replace")

    def out(self):
        return self._text(self._out)

    def document(self, seconds):
        """What it has printed, as JSON, after a clean exit."""
        if self.wait(seconds):
            raise AssertionError("exit %d: %s" % (self.code, self))
        try:
            return json.loads(self.out())
        except ValueError as e:
            raise AssertionError("%s: %s" % (e, self)) from None

    def __str__(self):
        said = (self._text(self._err) or self.out()).strip().splitlines()
        return "$ %s | %s" % (" ".join(self.arguments), " | ".join(said[-3:]))


class Case(unittest.TestCase):
    """A test with children, which are shown when it fails."""

    maxDiff = None

    def shortDescription(self):
        return None

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        outcome = super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            print("\n".join(str(child) for child in self.children), file=sys.stderr, flush=True)
        return outcome

    def assert_exit(self, child, code, seconds=None):
        self.assertEqual(child.wait(seconds), code, str(child))
