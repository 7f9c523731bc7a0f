"""The lab of tests/lab for a measurement, and what its wires carry.

The lab is client -- router -- server with the bottleneck on the router; its name has this process's id, so
that other labs on the machine are not disturbed. Wires are read from /proc/net/dev of a host every 10 ms:
whole Ethernet frames, which is what tbf counts, and the same for every tool and both directions.
"""
import contextlib
import os
import shutil
import threading
import time

from lab import SERVER, Lab
from measure import FRAME_BYTES, IP_BYTES, LENGTH, Skipped

SAMPLE_S = 0.01
START_BYTES = 3000   # in one sample: more than heartbeats, less than the first 10 ms of a search
ENDING_S = 20        # what a run may take beyond its duration
MEGA = 1e6
FLAG = {"up": "--bwup", "down": "--bwdown"}
ENDS = {"up": ("client", "server"), "down": ("server", "client")}  # sender, receiver


def ip_rate(frame_bps, length=LENGTH):
    """What tbf's rate is at the IP layer."""
    return frame_bps * (length + IP_BYTES) / (length + FRAME_BYTES)


class Network(Lab):
    """A lab with a server in it that listens, or other hosts' programs."""

    def __init__(self, bench):
        self.bench = bench
        try:
            super().__init__()
        except BaseException:
            self.close()
            raise

    def start(self, host, *arguments):
        return self.bench.start(*arguments, lab=self, host=host)

    def serve(self, *flags, before=()):
        """A wyndrvrd on the server; `before`: a command to run it under."""
        child = self.start("server", *before, self.bench.wyndrvrd, "0.0.0.0", *flags)
        child.wait_for("Server started on")
        return child

    def ask(self, *flags):
        return self.bench.client(SERVER, *flags, lab=self, host="client")

    def measure(self, direction, seconds, *flags, length=LENGTH):
        return self.ask(FLAG[direction], "--duration", seconds, "--packet-length", length, *flags)

    def idle_ms(self, port):
        """The median round trip of a port without load."""
        document = self.ask("--heartbeat-rate", 10, "--count", 100).document(ENDING_S)
        return document["end"]["latency"][port]["idle"]["p50_us"] / 1000


@contextlib.contextmanager
def network(bench):
    if os.geteuid() != 0:
        raise Skipped("network namespaces need root")
    for tool in ("ip", "nft", "tc", "bash"):
        if not shutil.which(tool):
            raise Skipped("no program %s" % tool)
    try:
        lab = Network(bench)
    except AssertionError as e:
        raise Skipped("no network namespaces: %s" % e) from None
    try:
        yield lab
    finally:
        bench.end_children()
        lab.close()


class Wires:
    """Samples what the sender of a direction has sent and its receiver has received, until stop()."""

    def __init__(self, lab, direction):
        self.times, self.sent, self.received = [], [], []
        self._files = []
        for host in ENDS[direction]:
            with lab.inside(host):
                # The open file stays with the namespace.
                self._files.append(open("/proc/thread-self/net/dev"))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    @staticmethod
    def _row(file):
        file.seek(0)
        return next(line.split(":")[1].split() for line in file if line.strip().startswith("wire:"))

    def _sample(self):
        due = time.monotonic()
        while not self._stopping.is_set():
            sent, received = int(self._row(self._files[0])[8]), int(self._row(self._files[1])[0])
            self.times.append(time.monotonic())
            self.sent.append(sent)
            self.received.append(received)
            due += SAMPLE_S
            time.sleep(max(0, due - time.monotonic()))

    def stop(self):
        self._stopping.set()
        self._thread.join()
        for file in self._files:
            file.close()

    def start(self):
        """When the data began to leave, or None."""
        for at in range(1, len(self.sent)):
            if self.sent[at] - self.sent[at - 1] >= START_BYTES:
                return self.times[at - 1]
        return None

    def received_at(self, when):
        """Bytes until a time, between samples in proportion."""
        times, got = self.times, self.received
        if when <= times[0]:
            return got[0]
        at = next((i for i, t in enumerate(times) if t >= when), None)
        if at is None:
            return got[-1]
        share = (when - times[at - 1]) / (times[at] - times[at - 1])
        return got[at - 1] + share * (got[at] - got[at - 1])

    def rate(self, begin, end):
        return (self.received_at(end) - self.received_at(begin)) * 8 / (end - begin)

    def reached(self, frame_bps, window_s=0.05):
        """Seconds from the start to the end of the first window that carried this much; None: never."""
        begin = self.start()
        if begin is None:
            return None
        for end in self.times:
            if end - window_s >= begin and self.rate(end - window_s, end) >= frame_bps:
                return end - begin
        return None

    def settled(self, since, until, frame_bps, tolerance=0.1, bin_s=0.1, bins=5):
        """Seconds from a change to the end of the first bin from which on bins are near the new rate."""
        at = since
        while at + bins * bin_s <= until:
            near = [abs(self.rate(at + i * bin_s, at + (i + 1) * bin_s) / frame_bps - 1) <= tolerance
                    for i in range(bins)]
            if all(near):
                return at + bin_s - since
            at += SAMPLE_S
        return None
