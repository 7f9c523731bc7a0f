"""Both programs as children of a test.

Owns: the children (started, watched line by line, ended by process id), the ports they may use, and
their homes.
Policy: a test waits for a line, an exit or a state, each with a deadline, never for a while. Every
port comes from a block that belongs to one test alone, so that tests run side by side. A server that
a test leaves running must end cleanly on SIGTERM, and no child may have a sanitizer's report on
stderr: both are checked after every test.

The environment says what to test: WYNDRVRD, WYNDRVR, SWARM (paths), BUILD_SANITIZED (1: slower).
"""
import os
import random
import shutil
import socket
import sys
import tempfile
import threading
import time
import unittest

from child import DEADLINE_S, END_S, SLOWER, SMALL_PIPE  # noqa: F401
from child import Child, Server, is_thread_sanitized

POLL_S = 0.01

PORT_NAMES = ("CONTROL", "UPLOAD", "DOWNLOAD")
# A line of figures, whenever it comes.
INTERVAL = r"\s*\d+\.\d-\d+\.\d .*"
ADDRESS = r"127\.0\.0\.1:\d+"
PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "classic", "peer.py")

BLOCK_PORTS = 64
BLOCKS = range(10240, 32704, BLOCK_PORTS)  # below the kernel's ephemeral ports


def program(name):
    path = os.environ.get(name)
    if not path:
        raise AssertionError("%s is not set: it names the program to test" % name)
    return path


def needs_handlers(test):
    """For tests of signals that come while a program is stuck in write(): ThreadSanitizer puts
    handlers off until such a call has returned, so that they can't be seen there."""
    def checked(self):
        if is_thread_sanitized(program("WYNDRVR")):
            self.skipTest("ThreadSanitizer puts handlers off")
        test(self)
    return checked


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


def together(*scenarios):
    """Runs functions side by side; the first that has failed fails the test."""
    failures = []

    def guarded(scenario):
        try:
            scenario()
        except BaseException as e:  # handed on to the test's thread
            failures.append(e)

    threads = [threading.Thread(target=guarded, args=(scenario,)) for scenario in scenarios]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _can_bind(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


class Ports:
    """UDP ports for one test, by blocks; the name of an abstract socket keeps other tests off a
    block."""

    def __init__(self):
        self._guard = threading.Lock()
        self._locks = []
        self._next = self._end = 0

    def take(self, count=1):
        """First and last of `count` ports that nobody else is given."""
        with self._guard:
            if self._next + count > self._end:
                self._add_block()
            first, self._next = self._next, self._next + count
        return first, first + count - 1

    def _add_block(self):
        for base in random.SystemRandom().sample(list(BLOCKS), len(BLOCKS)):
            lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                lock.bind("\0wyndrvr-test-ports-%d" % base)
            except OSError:
                lock.close()
                continue
            self._locks.append(lock)
            if all(_can_bind(port) for port in range(base, base + BLOCK_PORTS)):
                self._next, self._end = base, base + BLOCK_PORTS
                return
        raise AssertionError("no free block of ports")

    def close(self):
        for lock in self._locks:
            lock.close()


class Stage:
    """A home, ports and children that belong together, from open_stage() to close_stage()."""

    def open_stage(self):
        self.children, self.servers = [], []
        self.home = tempfile.mkdtemp(prefix="wyndrvr-test-")
        self.ports = Ports()

    def close_stage(self):
        """Ends all that runs; AssertionError when one of them was not well."""
        problems = []
        for child in self.children:
            if child in self.servers and child.is_running():
                problems += self._end_server(child)
            child.kill()
            if child.sanitizer_reports():
                problems.append("a sanitizer's report\n%s" % child)
        self.ports.close()
        shutil.rmtree(self.home)
        if problems:
            raise AssertionError("\n".join(problems))

    @staticmethod
    def _end_server(server):
        try:
            code = server.end()
        except AssertionError as e:
            return ["a server did not end: %s" % e]
        return ["a server did not end cleanly\n%s" % server] if code else []

    def environment(self, **more):
        """Nothing of the user's own settings."""
        keep = {k: v for k, v in os.environ.items() if not k.startswith("WYNDRVR_")}
        keep.update(HOME=self.home, XDG_CONFIG_HOME=os.path.join(self.home, "xdg"),
                    PYTHONDONTWRITEBYTECODE="1")
        keep.update(more)
        return keep

    def start(self, arguments, environment=None, unread=None):
        child = Child([str(a) for a in arguments], environment or self.environment(), unread)
        self.children.append(child)
        return child

    def server(self, *flags, ports=None, environment=None, unread=None):
        """A server on ports of this test, up and listening. `ports`: how many it may give out."""
        address = "127.0.0.1:%d" % self.ports.take()[0]
        return self.server_on(address, "--port-ranges", "%d-%d" % self.ports.take(ports or 15), *flags,
                              environment=environment, unread=unread)

    def server_on(self, address, *flags, environment=None, unread=None):
        arguments = [program("WYNDRVRD"), address] + [str(f) for f in flags]
        server = Server(arguments, environment or self.environment(), address, unread)
        self.children.append(server)
        self.servers.append(server)
        server.out.wait("Server started on .*")
        return server

    def client(self, server, *flags, environment=None, unread=None):
        """A client without screen that runs against a server, or an address."""
        address = getattr(server, "address", server)
        return self.start([program("WYNDRVR"), address, "--no-tui"] + list(flags), environment,
                          unread)

    def peer_server(self, *flags):
        """A classic server, up and listening."""
        address = "127.0.0.1:%d" % self.ports.take()[0]
        arguments = [sys.executable, PEER, "server", "--bind", address, "--ports",
                     "%d-%d" % self.ports.take(6)] + [str(f) for f in flags]
        server = Server(arguments, self.environment(), address)
        self.children.append(server)
        server.out.wait("Server started on .*")
        return server

    def peer_client(self, server, *flags):
        return self.start([sys.executable, PEER, "client", server.address] + list(flags))


class Case(unittest.TestCase, Stage):
    """A test with a stage of its own."""

    maxDiff = None

    def setUp(self):
        self.open_stage()
        self.addCleanup(self.close_stage)

    def shortDescription(self):
        return None

    def run(self, result=None):
        """Shows what the children said when a test fails."""
        before = len(result.failures) + len(result.errors) if result else 0
        outcome = super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            print("\n".join(str(child) for child in self.children), file=sys.stderr, flush=True)
        return outcome

    def assert_exit(self, child, code, seconds=None):
        self.assertEqual(child.wait(seconds), code, str(child))

    def assert_balance(self, test):
        """All that was sent has arrived, once or twice, or is lost."""
        arrived = test["received"]["unique_packets"] + test["received"]["duplicates"]
        self.assertEqual(test["sent"]["packets"], arrived + test["loss"]["packets"], test)
        self.assertEqual(test["received"]["packets"], arrived, test)

    def only_test(self, document):
        self.assertEqual(len(document["end"]["tests"]), 1)
        return document["end"]["tests"][0]
