"""Two hosts with an emulated link between them: client -- emulator -- server.

Owns: the two namespaces, the emulator (emulator.c) with its devices, and whoever pauses a host. The
environment's EMULATOR names the program.
Policy: the emulator's own count is the truth. Its devices go with it, and each emulate() makes them anew, with
the link's course, chance and counts from the beginning: so a seed replays.
"""
import os
import sys

from lab import CLIENT, SERVER, Lab, run

from children import Child, own_settings, until

HERE = os.path.dirname(os.path.abspath(__file__))
ADDRESSES = {"client": (CLIENT, "fd77:1::1"), "server": (SERVER, "fd77:2::1")}
QUEUE_PACKETS = 20000  # in the device, for the emulator to be held up for a moment without loss
UP_S = 10


def options(settings):
    """{"rate": "50M", "up-delay-ms": 10} as the emulator wants it."""
    return [part for name, value in settings.items() for part in ("--" + name, str(value))]


class Link(Lab):
    """A lab without a router; on(), ip(), inside() and udp() work as in the other one."""

    def sh(self, *arguments):
        """Makes the hosts; what else lab.sh can do needs the router."""
        assert arguments == ("up",), arguments
        self._emulator = None
        for host in ADDRESSES:
            run(["ip", "netns", "add", "%s-%s" % (self.name, host)])
            self.ip(host, "link", "set", "lo", "up")

    def close(self):
        if self._emulator:
            self._emulator.kill()
        for host in ADDRESSES:
            run(["ip", "netns", "delete", "%s-%s" % (self.name, host)])

    def emulate(self, program, seed=1, **settings):
        """A link of these settings ("_" for "-"), up."""
        names = {name.replace("_", "-"): value for name, value in settings.items()}
        hosts = [part for host in ADDRESSES for part in ("--" + host, "%s-%s" % (self.name, host))]
        self._emulator = Child([program] + hosts + ["--seed", str(seed)] + options(names), own_settings("/"))
        self._emulator.out.wait("Emulator ready")
        for host in ADDRESSES:
            self._open_wire(host)

    def _open_wire(self, host):
        self.ip(host, "link", "set", "wire", "up", "txqueuelen", QUEUE_PACKETS, "addrgenmode", "none")
        for address, whole in zip(ADDRESSES[host], ("/32", "/128")):
            self.ip(host, "address", "add", address + whole, "dev", "wire", *(["nodad"] if ":" in address else []))
        for family in ("-4", "-6"):
            run(["ip", "-n", "%s-%s" % (self.name, host), family, "route", "add", "default", "dev", "wire"])

    def counts(self):
        """What the emulator has counted so far."""
        before = len(self._emulator.out.lines)
        self._emulator.send_signal(10)
        until(lambda: len(self._emulator.out.lines) > before, "counts of the emulator")
        return self._emulator.last_object()

    def stop(self):
        """Takes the link away; what it has counted."""
        emulator, self._emulator = self._emulator, None
        code = emulator.end()
        if code:
            raise AssertionError("emulator: exit %d\n%s" % (code, emulator))
        return emulator.last_object()


class Pauses:
    """Stops processes for a few ms, a few times a second, as long as the block runs; `made` afterwards says how
    often and for how many seconds in all."""

    def __init__(self, pids, seed):
        self._arguments = [sys.executable, "-B", os.path.join(HERE, "pause.py"), "--seed", str(seed)] + \
            [str(pid) for pid in pids]

    def __enter__(self):
        self._child = Child(self._arguments, own_settings("/"))
        return self

    def __exit__(self, *what):
        self._child.end(seconds=UP_S)
        self.made = self._child.last_object()
