"""Both programs in a network of their own: client -- router -- server, each a network namespace.

Owns: the lab that lab.sh makes (one for each test), what the router is told besides, the children
in its namespaces (ended by process id), and sockets that open inside them.
Policy: a test waits for a line, an exit or a state, each with a deadline. Nothing leaves the
namespaces. Without root or namespaces a test is skipped with the reason; where CI=true it fails.
A server that a test leaves running must end cleanly on SIGTERM, and no child may have a sanitizer's
report on stderr: both are checked after every test.

The environment says what to test: WYNDRVRD, WYNDRVR, RELAY (paths), BUILD_SANITIZED (1: slower).
"""
import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, os.pardir, "support"))

import children  # noqa: E402
from children import SANITIZED, SLOWER, own_settings, program, until  # noqa: E402,F401

DEADLINE_S = children.DEADLINE_S = 15 * SLOWER  # paths lose datagrams here, so what takes a moment takes longer
LATE_PERCENT, LATE_US = 1, 5000                 # of a thread's turns more than 1 ms late, and the latest

CLIENT, SERVER, OTHER = "10.77.1.1", "10.77.2.1", "10.77.3.1"
ROUTER_UP = "10.77.2.254"  # the router as the server sees it
CROWD = "10.99.0.0/16"     # addresses behind the client's host
MAIN_PORT = 6711
LENGTH = 1000              # bytes of a data packet's payload, unlike any other message's
DATA = "udp length %d" % (LENGTH + 8)

FLOW_CONTROL, BANDWIDTH_TEST = 3, 4

CLONE_NEWNET, SO_RCVBUFFORCE, SO_TIMESTAMPNS, ETH_P_IP = 0x40000000, 33, 35, 0x0800

_libc = ctypes.CDLL(None, use_errno=True)
_made = [0]
_guard = threading.Lock()


def figure(name, value):
    print("figure: %s: %s" % (name, value), flush=True)


def number_of(name, usual):
    """A count that the environment may raise for the whole figure."""
    return int(os.environ.get(name, usual))


def percentile(values, share):
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def was_held_up(test):
    """Whether an end's own late turns show that other work held up its host."""
    return any(test[end]["late_percent"] >= LATE_PERCENT or test[end]["late_max_us"] >= LATE_US
               for end in ("sender", "receiver"))


class Child(children.Child):
    """A program that runs in one of the namespaces; its process id is the program's own."""

    @staticmethod
    def program_of(arguments):
        """Behind `ip netns exec NAME`, and what drops rights or priority there."""
        return next(a for a in arguments[4:]
                    if os.path.basename(a) not in ("setpriv", "nice") and not a.startswith("-"))

    def end(self, number=signal.SIGTERM, seconds=None):
        return super().end(number, DEADLINE_S if seconds is None else seconds)


class Packet:
    """An IPv4 datagram with UDP in it, and when the kernel saw it."""

    def __init__(self, ip, time_s):
        self.ip, self.time_s = ip, time_s
        at = (ip[0] & 15) * 4
        self.source = socket.inet_ntoa(ip[12:16]), int.from_bytes(ip[at:at + 2], "big")
        self.target = socket.inet_ntoa(ip[16:20]), int.from_bytes(ip[at + 2:at + 4], "big")
        self.payload = ip[at + 8:int.from_bytes(ip[2:4], "big")]

    @property
    def type(self):
        """Of the 20-byte header; no handshake begins with such a byte."""
        return self.payload[0] if len(self.payload) >= 20 else None


def udp_packet(source, target, payload, ttl=64):
    """The bytes of an IPv4 datagram; without a UDP checksum, which IPv4 allows."""
    udp = struct.pack("!HHHH", source[1], target[1], 8 + len(payload), 0) + payload
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, ttl, 17, 0,
                       socket.inet_aton(source[0]), socket.inet_aton(target[0])) + udp


class Capture:
    """Takes the UDP datagrams that pass an interface, from now on until stop()."""

    def __init__(self, lab, device, keep=lambda packet: True, host="router"):
        self.packets, self._keep = [], keep
        with lab.inside(host):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        # ETH_P_ALL sees what leaves too.
        self._socket.bind((device, 0x0003))
        self._stopping = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            ready = select.select([self._socket], [], [], 0.05)[0]
            if not ready:
                if self._stopping:
                    return
                continue
            ip, ancillary, _, address = self._socket.recvmsg(2048, 64)
            if address[1] != ETH_P_IP or len(ip) < 28 or ip[9] != 17:
                continue
            seconds, ns = struct.unpack("qq", ancillary[0][2][:16])
            packet = Packet(ip, seconds + ns / 1e9)
            if self._keep(packet):
                self.packets.append(packet)

    def stop(self):
        """What was taken, in order of time."""
        self._stopping = True
        self._thread.join()
        self._socket.close()
        return self.packets


class Lab:
    def __init__(self):
        with _guard:
            _made[0] += 1
            self.name = "wyndlab%d-%d" % (os.getpid(), _made[0])
        self.environment = dict(os.environ, WYND_LAB=self.name)
        self._has_other = False
        self.sh("up")

    def sh(self, *arguments):
        return run(["bash", os.path.join(HERE, "lab.sh")] + [str(a) for a in arguments],
                   self.environment)

    def close(self):
        self.sh("down")
        if self._has_other:
            subprocess.run(["ip", "netns", "delete", "%s-other" % self.name], check=False,
                           stderr=subprocess.DEVNULL)

    def ip(self, host, *arguments):
        return run(["ip", "-n", "%s-%s" % (self.name, host)] + [str(a) for a in arguments])

    def on(self, host, *arguments):
        return run(["ip", "netns", "exec", "%s-%s" % (self.name, host)] + list(arguments))

    def nft(self, rules):
        return run(["ip", "netns", "exec", "%s-router" % self.name, "nft", "-f", "-"], text=rules)

    def counters(self, table="inet weather"):
        """Packets by the counter's name."""
        text = self.on("router", "nft", "-j", "list", "counters", "table", *table.split())
        return {row["counter"]["name"]: row["counter"]["packets"]
                for row in json.loads(text)["nftables"] if "counter" in row}

    def data_loss(self, thousandths, *directions):
        """Loses datagrams of either kind at random, and counts the data packets among them as
        up_data_lost, down_data_lost."""
        rules = ""
        for way in directions or ("up", "down"):
            fate = "numgen random mod 1000 < %d counter name" % thousandths
            rules += """add counter inet weather {way}_data_lost
                flush chain inet weather {way}
                add rule inet weather {way} {data} {fate} "{way}_data_lost" drop
                add rule inet weather {way} udp length != {size} {fate} "{way}_lost" drop
                """.format(way=way, data=DATA, size=LENGTH + 8, fate=fate)
        self.nft(rules)

    def drop_icmp(self):
        """No host hears of unreachable ports."""
        self.nft("""table ip silence {
            chain forward {
                type filter hook forward priority 0;
                ip protocol icmp drop
            }
        }""")

    def other(self):
        """A fourth host, at 10.77.3.1 behind the router."""
        self._has_other = True
        other, router = "%s-other" % self.name, "%s-router" % self.name
        run(["ip", "netns", "add", other])
        run(["ip", "link", "add", "wire", "netns", other, "type", "veth",
             "peer", "name", "to_other", "netns", router])
        self.ip("other", "link", "set", "lo", "up")
        self.ip("other", "link", "set", "wire", "up", "gso_max_segs", 1)
        self.ip("router", "link", "set", "to_other", "up", "gso_max_segs", 1)
        self.ip("other", "address", "add", OTHER + "/24", "dev", "wire")
        self.ip("router", "address", "add", "10.77.3.254/24", "dev", "to_other")
        self.ip("other", "route", "add", "default", "via", "10.77.3.254")

    def crowd(self):
        """65,536 addresses behind the client's host. What comes back is dropped there."""
        self.ip("router", "route", "add", CROWD, "via", CLIENT)
        self.ip("client", "route", "add", "blackhole", CROWD)

    @contextlib.contextmanager
    def inside(self, host):
        """This thread's new sockets belong to that host."""
        with open("/proc/thread-self/ns/net") as home, \
                open("/run/netns/%s-%s" % (self.name, host)) as there:
            enter(there)
            try:
                yield
            finally:
                enter(home)

    def udp(self, host, address=("", 0)):
        with self.inside(host):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(address)
        sock.settimeout(DEADLINE_S)
        return sock

    def raw(self, host):
        """Sends whole IPv4 datagrams: sock.sendto(udp_packet(...), (ADDRESS, 0))."""
        with self.inside(host):
            return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def forget_connections(self):
        """Empties the router's table of connections, as a restart of a home router does."""
        with self.inside("router"):
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
        with sock:
            # IPCTNL_MSG_CT_DELETE without a name of one: all. Request, acknowledge.
            sock.send(struct.pack("=IHHII BBH", 20, 1 << 8 | 2, 5, 1, 0, socket.AF_INET, 0, 0))
            answer = sock.recv(4096)
        error = struct.unpack_from("=i", answer, 16)[0]
        if error:
            raise AssertionError("connections not forgotten: %s" % os.strerror(-error))


def enter(namespace):
    if _libc.setns(namespace.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def run(arguments, environment=None, text=None):
    done = subprocess.run(arguments, env=environment, input=text, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise AssertionError("%s: exit %d\n%s%s" % (" ".join(arguments), done.returncode,
                                                    done.stdout, done.stderr))
    return done.stdout


def open_lab(make=Lab):
    """A lab, or SkipTest with the reason why there is none."""
    reason = None
    if os.geteuid() != 0:
        reason = "network namespaces need root"
    for tool in ("ip", "nft", "tc", "bash"):
        if not shutil.which(tool):
            reason = "no program %s" % tool
    if not reason:
        try:
            return make()
        except AssertionError as e:
            reason = "no network namespaces: %s" % e
    if os.environ.get("CI") == "true":
        raise AssertionError(reason)
    raise unittest.SkipTest(reason)


def compile_tool(name, directory):
    """The path of a tool that is one C file beside this one."""
    path = os.path.join(directory, name)
    run([os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-o",
         path, os.path.join(HERE, name + ".c")])
    return path


class Case(children.Case):
    """A test with a lab of its own."""

    MAKE = Lab

    def setUp(self):
        self.children, self.servers, self._adding = [], [], threading.Lock()
        self.lab = open_lab(self.MAKE)
        self.addCleanup(self.lab.close)
        self.home = tempfile.mkdtemp(prefix="wyndrvr-lab-")
        self.addCleanup(shutil.rmtree, self.home)
        self.addCleanup(self._end_children)

    def _end_children(self):
        problems = []
        for child in self.children:
            if child in self.servers and child.is_running():
                child.send_signal(signal.SIGCONT)
                code = child.end()
                if code:
                    problems.append("a server ended with %d\n%s" % (code, child))
            child.kill()
            if child.sanitizer_reports():
                problems.append("a sanitizer's report\n%s" % child)
        if problems:
            raise AssertionError("\n".join(problems))

    def start(self, host, arguments, small_buffers=False):
        """A program on a host of the lab. Small buffers: it may not exceed the system's limit."""
        if small_buffers:
            drop = "--bounding-set=-net_admin"
            arguments = ["setpriv", drop, "--inh-caps=-net_admin"] + list(arguments)
        child = Child(["ip", "netns", "exec", "%s-%s" % (self.lab.name, host)] +
                      [str(a) for a in arguments], own_settings(self.home))
        with self._adding:
            self.children.append(child)
        return child

    def server(self, *flags, host="server", address="0.0.0.0", **how):
        """A server, up and listening."""
        server = self.start(host, [program("WYNDRVRD"), address] + list(flags), **how)
        self.servers.append(server)
        server.out.wait("Server started on .*")
        return server

    def client(self, *flags, to=SERVER, host="client", **how):
        return self.start(host, [program("WYNDRVR"), to, "--no-tui"] + list(flags), **how)

    def measure(self, *flags, seconds=None, **where):
        """Runs a client with --json until it exits cleanly; returns the document."""
        client = self.client("--json", "--packet-length", LENGTH, *flags, **where)
        self.assert_exit(client, 0, seconds)
        return client.document()

    def wait_for_load(self, packets=500):
        """Waits until this many datagrams have passed the router since the test's lab was made."""
        def passed():
            seen = self.lab.counters()
            return seen["up_udp"] + seen["down_udp"] >= packets
        until(passed, "%d datagrams at the router" % packets)

    def assert_balance(self, test):
        """All that was sent has arrived, once or twice, or is lost; and each loss has its place."""
        arrived = test["received"]["unique_packets"] + test["received"]["duplicates"]
        loss = test["loss"]
        self.assertEqual(test["sent"]["packets"], arrived + loss["packets"], test)
        self.assertEqual(test["received"]["packets"], arrived, test)
        self.assertEqual(loss["packets"], loss["sender_host"] + loss["path"] + loss["receiver_host"])

    def assert_agreed(self, test, server):
        """The server's log has the client's record."""
        self.assertTrue(test["agreed"], test)
        self.assertRegex(test["result_hash"], "^[0-9a-f]{12}$")
        server.err.wait(".*, result %s" % test["result_hash"])


def _ended(number, frame):
    sys.exit(128 + number)  # so that the cleanups run


def main():
    signal.signal(signal.SIGTERM, _ended)
    unittest.main()
