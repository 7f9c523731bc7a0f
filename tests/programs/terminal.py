"""The client on a terminal: in tmux, which shows what a user would see, or on a bare pty, which shows every
byte that was written and can stop taking them.

Policy: as in harness.py. The program runs under leader.py, whose notes tell its process id and its end.
"""
import fcntl
import glob
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading

import harness
from harness import DEADLINE_S
from children import REPORTS

LOOK_S = 0.05  # between two looks at a screen
LEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "leader.py")
SIZE = (80, 24)
# Frozen for longer than a frame takes to be shown.
STILL = r"FROZEN \d+:(?!00)\d\d ago"
UP = r"(?s)CONTROL up .*rtt [\d.]+ .*UPLOAD up .*rtt [\d.]+ .*DOWNLOAD up .*rtt [\d.]+ "


def threads_of(pid):
    return {int(task) for task in os.listdir("/proc/%d/task" % pid)}


class Guest:
    """A program on a terminal. `place`: its working directory, and where its files are."""

    def __init__(self, arguments, place):
        self.arguments, self.place = arguments, place
        os.mkdir(place)
        self._notes, self._errors = (os.path.join(place, name) for name in (".notes", ".errors"))
        self._leader_arguments = [sys.executable, "-B", LEADER, self._notes, self._errors] + arguments

    def _read(self, path):
        try:
            with open(path, errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _note(self, name):
        for line in self._read(self._notes).splitlines(keepends=True):
            if line.endswith("\n") and name in json.loads(line):
                return json.loads(line)
        return None

    @property
    def pid(self):
        return harness.until(lambda: self._note("pid"), "a process")["pid"]

    def is_running(self):
        return self._note("exit") is None

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=None):
        """The exit code; negative for a signal that the program did not take."""
        return self._end(seconds)["exit"]

    def is_restored(self):
        """After the end: whether the terminal is set as it was before."""
        return self._end()["restored"]

    def _end(self, seconds=None):
        seconds = DEADLINE_S if seconds is None else seconds
        return harness.until(lambda: self._note("exit"), "an exit\n%s" % self, seconds)

    def _kill_program(self):
        if self._note("pid") and self.is_running():
            self.send_signal(signal.SIGKILL)
            self.wait()

    def errors(self):
        return self._read(self._errors)

    def sanitizer_reports(self):
        return [line for line in self.errors().splitlines() if any(r in line for r in REPORTS)]

    def files(self, suffix):
        return set(glob.glob(os.path.join(self.place, "wyndrvr-*" + suffix)))

    def new_file(self, suffix, save, lines=1):
        """The contents of a file, of this many lines, that a key makes appear."""
        before = self.files(suffix)
        save()
        path, = harness.until(lambda: self.files(suffix) - before, "a file *" + suffix)
        harness.until(lambda: self._read(path).count("\n") >= lines, "%d lines in it" % lines)
        return self._read(path)


class Pane(Guest):
    """A program in a tmux of its own."""

    def __init__(self, arguments, environment, place, size=SIZE):
        super().__init__(arguments, place)
        self._last = ""
        self._socket = os.path.join(place, ".tmux")
        self._environment = environment
        self._tmux("-f", "/dev/null", "start-server", ";", "set", "-g", "status", "off", ";",
                   "set", "-g", "default-terminal", "tmux-256color", ";", "new-session", "-d",
                   "-x", size[0], "-y", size[1], "--",
                   *self._leader_arguments)

    def _tmux(self, *arguments):
        words = ["tmux", "-u", "-S", self._socket] + [str(a) for a in arguments]
        done = subprocess.run(words, env=self._environment, cwd=self.place, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=DEADLINE_S)
        if done.returncode:
            raise AssertionError("%s: %s" % (words, done.stderr))
        return done.stdout.decode()

    def send(self, *keys):
        """Keys by tmux's names for them, one after the other."""
        self._tmux("send-keys", *keys)

    def resize(self, cols, rows):
        self._tmux("resize-window", "-x", cols, "-y", rows)

    def screen(self, *flags):
        self._last = self._tmux("capture-pane", "-p", *flags)
        return self._last

    def all(self):
        """What is on the terminal and has been rolled off it, with lines that were folded joined."""
        return self.screen("-J", "-S", "-")

    def rows(self):
        return [row.rstrip() for row in self.screen().split("\n")[:-1]]

    def wait_for(self, pattern, seconds=None, look=None):
        """The match of a pattern on the screen."""
        try:
            return harness.until(lambda: re.search(pattern, (look or self.screen)()), pattern, seconds,
                                 LOOK_S)
        except AssertionError as e:
            raise AssertionError("%s\n%s" % (e, self)) from None

    def kill(self):
        self._kill_program()
        if os.path.exists(self._socket):
            self.screen()
            self._tmux("kill-server")
            os.unlink(self._socket)

    def __str__(self):
        return "$ %s\nends: %s\n%s\n%s" % (" ".join(self.arguments), self._note("exit"), self._last,
                                           self.errors())


def capability(terminal, name):
    return subprocess.run(["tput", "-T", terminal, name], stdout=subprocess.PIPE).stdout


class Pty(Guest):
    """A program on a bare pty. A thread takes what it writes, unless told not to."""

    def __init__(self, arguments, environment, place, size=SIZE):
        super().__init__(arguments, place)
        self.output, self.terminal = bytearray(), environment["TERM"]
        self.size = size
        self._master, slave = pty.openpty()
        self.resize(*size)
        self._leader = subprocess.Popen(self._leader_arguments, env=environment, cwd=place,
                                        stdin=slave, stdout=slave, start_new_session=True)
        os.close(slave)
        self._may_read, self._ends = threading.Event(), False
        self._may_read.set()
        self._reader = threading.Thread(target=self._take, daemon=True)
        self._reader.start()

    def _take(self):
        while not self._ends:
            self._may_read.wait()
            if not select.select([self._master], [], [], harness.POLL_S)[0] or \
                    not self._may_read.is_set():
                continue
            try:
                self.output += os.read(self._master, 65536)
            except OSError:  # nobody holds the other end any more
                return

    def send(self, data):
        os.write(self._master, data)

    def resize(self, cols, rows):
        self.size = (cols, rows)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def stop_reading(self):
        """Waits until the program is stuck: it has written all that there is room for."""
        self._may_read.clear()
        harness.until(lambda: self.is_stuck(), "a full terminal")

    def is_stuck(self):
        """Whether a thread waits in a write to the terminal."""
        self.send(b"t")  # other colours: everything is written anew
        return any(self._waits_for(task) == "wait_woken" for task in threads_of(self.pid))

    def _waits_for(self, task):
        with open("/proc/%d/task/%d/wchan" % (self.pid, task)) as file:
            return file.read()

    def read_on(self):
        self._may_read.set()

    def hang_up(self):
        self._stop_thread()
        os.close(self._master)
        self._master = None

    def _stop_thread(self):
        self._ends = True
        self._may_read.set()
        self._reader.join()

    def wait_output(self, more_than):
        """Waits until more than this many bytes have been written."""
        return harness.until(lambda: len(self.output) > more_than, "output")

    def picture(self):
        """The screen, as the program itself saves it."""
        return self.new_file(".txt", lambda: self.send(b"P"), self.size[1])

    def wait_for(self, pattern, seconds=None):
        """The match of a pattern in a picture of the screen."""
        return harness.until(lambda: re.search(pattern, self.picture()), pattern, seconds, LOOK_S)

    def leaves(self):
        """How the output leaves the terminal: a list of what is still turned on."""
        on = [("smcup", "rmcup"), ("civis", "cnorm"), ("smkx", "rmkx")]
        pairs = [tuple(capability(self.terminal, name) for name in names) for names in on]
        pairs.append((b"\033[?1000h", b"\033[?1000l"))
        return [pair for pair in pairs if self.output.rfind(pair[0]) > self.output.rfind(pair[1])]

    def kill(self):
        self._kill_program()
        if self._leader.poll() is None:
            self._leader.kill()
        self._leader.wait()
        if self._master is not None:
            self.hang_up()

    def __str__(self):
        return "$ %s\nends: %s\n%d bytes of output, the last: %r\n%s" % (
            " ".join(self.arguments), self._note("exit"), len(self.output), bytes(self.output[-1500:]),
            self.errors())


class Case(harness.Case):
    """A test whose clients have terminals."""

    def screen_environment(self, **more):
        return self.environment(**{"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TERM": "xterm-256color",
                                   "NO_COLOR": "", **more})

    def _guest(self, kind, server, flags, environment, size):
        address = getattr(server, "address", server)
        guest = kind([harness.program("WYNDRVR"), address] + [str(f) for f in flags],
                     environment or self.screen_environment(),
                     os.path.join(self.home, "terminal%d" % self.ports.take()[0]), size)
        self.children.append(guest)
        return guest

    def pane(self, server, *flags, environment=None, size=SIZE):
        """A client in tmux; `server` is one, or an address."""
        return self._guest(Pane, server, flags, environment, size)

    def pty(self, server, *flags, environment=None, size=SIZE):
        return self._guest(Pty, server, flags, environment, size)

    def pane_up(self, *flags, server=None, size=SIZE):
        """A client in tmux whose session is open."""
        pane = self.pane(server or self.server(), *flags, size=size)
        pane.wait_for(UP)
        return pane

    def pty_up(self, *flags, server=None, **more):
        terminal = self.pty(server or self.server(), *flags, **more)
        terminal.wait_for(UP)
        return terminal

    def assert_left(self, terminal, code, seconds=None):
        """The program has ended, and the terminal is as it was."""
        self.assertEqual(terminal.wait(seconds), code, str(terminal))
        self.assertTrue(terminal.is_restored(), str(terminal))
        self.assertEqual(terminal.errors(), "")

    def quit(self, pane, code=0):
        pane.send("q")
        self.assert_left(pane, code)
