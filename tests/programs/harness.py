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

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, os.pardir, "support"))

import children  # noqa: E402
from children import DEADLINE_S, END_S, POLL_S, SLOWER, SMALL_PIPE  # noqa: E402,F401
from children import Child, is_thread_sanitized, own_settings, program, until  # noqa: E402,F401

PORT_NAMES = ("CONTROL", "UPLOAD", "DOWNLOAD")
# A line of figures, whenever it comes.
INTERVAL = r"\s*\d+\.\d-\d+\.\d .*"
ADDRESS = r"127\.0\.0\.1:\d+"
PEER = os.path.join(HERE, os.pardir, "classic", "peer.py")

BLOCK_PORTS = 64
BLOCKS = range(10240, 32704, BLOCK_PORTS)  # below the kernel's ephemeral ports


def needs_handlers(test):
    """For tests of signals that come while a program is stuck in write(): ThreadSanitizer puts
    handlers off until such a call has returned, so that they can't be seen there."""
    def checked(self):
        if is_thread_sanitized(program("WYNDRVR")):
            self.skipTest("ThreadSanitizer puts handlers off")
        test(self)
    return checked


def together(*scenarios):
    """Runs functions side by side; the first one to fail fails the test."""
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


class Server(Child):
    def __init__(self, arguments, environment, address, unread=None):
        super().__init__(arguments, environment, unread)
        self.address = address


class Stage:
    """A home, ports and children that belong together, from open_stage() to close_stage()."""

    def open_stage(self):
        self.children, self.servers = [], []
        self.home = tempfile.mkdtemp(prefix="wyndrvr-test-")
        self.ports = Ports()

    def close_stage(self):
        """Ends all that runs; AssertionError when one of them went wrong."""
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
        return own_settings(self.home, **more)

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


class Case(children.Case, Stage):
    """A test with a stage of its own."""

    def setUp(self):
        self.open_stage()
        self.addCleanup(self.close_stage)

    def assert_balance(self, test):
        """All that was sent has arrived, once or twice, or is lost."""
        arrived = test["received"]["unique_packets"] + test["received"]["duplicates"]
        self.assertEqual(test["sent"]["packets"], arrived + test["loss"]["packets"], test)
        self.assertEqual(test["received"]["packets"], arrived, test)

    def only_test(self, document):
        self.assertEqual(len(document["end"]["tests"]), 1)
        return document["end"]["tests"][0]
