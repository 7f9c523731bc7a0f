"""One test over an emulated link: by wyndrvr, by UDP-ST or by iperf3; and the truth that the emulator counted."""
import contextlib
import dataclasses
import json
import sys
import time

from emulated import Link, Pauses
from lab import until
from loopback import iperf3_arrived
from measure import IP_BYTES, LENGTH, TROUBLE, Failed
from network import ENDING_S, FLAG, MEGA, SERVER

FLAGS = {"up": FLAG["up"], "down": FLAG["down"], "both": "--bwboth"}
WAYS = {"up": ("up",), "down": ("down",), "both": ("up", "down")}
UDPST_PORT, UDPST_LEAST_S = ":%04X" % 24601, 5
SPIN = "import os\nos.sched_setaffinity(0, {max(os.sched_getaffinity(0))})\nwhile True: pass"


@dataclasses.dataclass
class Result:
    """One direction of a test. None: it has none."""
    path: object
    test: str                   # up, down, both
    way: str
    truth_bps: float = None
    found_bps: float = None
    ci_percent: float = None
    lost_percent: float = None  # at the bottleneck: beyond what the path loses by itself
    delay_ms: float = None      # median wait at the bottleneck
    carried: float = None       # share of what the link could carry
    windows_bps: tuple = ()     # what it could carry: percentiles 10, 50, 90 of windows of 100 ms
    limited_by: str = None
    late_ms: float = None       # the latest turn of both ends
    emulator_ms: float = None   # how late the emulator itself was, at most
    took_s: float = None        # the whole run
    problem: str = None
    others: dict = dataclasses.field(default_factory=dict)  # the error of other tools, by name

    def error_percent(self):
        if not self.truth_bps or self.found_bps is None:
            return None
        return (self.found_bps / self.truth_bps - 1) * 100

    def intervals_off(self):
        """How many of its intervals it is off by; None where it claims none."""
        if not self.truth_bps or self.found_bps is None or self.ci_percent is None:
            return None
        half = self.found_bps * self.ci_percent / 100
        return abs(self.found_bps - self.truth_bps) / half if half else float("inf")


def lost_behind(count):
    """The share of what left the bottleneck."""
    left = count["all"]["lost_behind"]["packets"] + count["all"]["out"]["packets"] - \
        count["all"]["duplicated"]["packets"] + count["all"]["waiting"]["packets"]
    return count["all"]["lost_behind"]["packets"] / left if left else 0


def offered_bps(count, seconds):
    """While there was data; a tool that sends small packets has none, then all the time."""
    span = count["span"]
    if not span or span["last_s"] <= span["first_s"]:
        return count["offered_bytes"] * 8 / seconds
    return span["offered_bytes"] * 8 / (span["last_s"] - span["first_s"])


def truth_bps(path, way, count, seconds):
    """What a receiver can get at the IP layer: the mean of the rate, or the policer's, less what is lost behind it."""
    rate, policer = offered_bps(count, seconds), path.of(way, "policer", None)
    if policer:
        rate = min(rate, float(policer.rstrip("M")) * MEGA)
    return rate * (1 - lost_behind(count))


def windows_bps(count):
    """Percentiles of what the link could carry in the windows that lie within the test."""
    span, window_s = count["span"], count["windows"]["ms"] / 1000
    first, last = -int(-span["first_s"] // window_s), int(span["last_s"] // window_s)
    rates = sorted(n * 8 / window_s for n in count["windows"]["offered_bytes"][first:last])
    return tuple(rates[min(len(rates) - 1, len(rates) * share // 100)] for share in (10, 50, 90)) if rates else ()


def add_count(result, count, seconds):
    data = count["data"]
    result.truth_bps = truth_bps(result.path, result.way, count, seconds)
    if data["in"]["packets"] and count["span"]:
        dropped = data["overflowed"]["packets"] + data["policed"]["packets"]
        result.lost_percent = 100 * dropped / data["in"]["packets"]
        result.delay_ms = count["wait_ms"]["p50"]
        result.windows_bps = windows_bps(count)
        span_s = count["span"]["last_s"] - count["span"]["first_s"]
        result.carried = data["out"]["bytes"] * 8 / span_s / result.truth_bps if span_s else None


def add_test(result, test):
    result.found_bps = test["capacity_bits_per_second"]
    result.ci_percent = test["capacity_ci_percent"]
    result.limited_by = test["limited_by"]
    result.late_ms = max(test[end]["late_max_us"] or 0 for end in ("sender", "receiver")) / 1000
    if not test["complete"]:
        result.problem = "incomplete"


@contextlib.contextmanager
def hosts_of(path, bench, pids, seed):
    """What is wrong with the hosts, as long as the block runs."""
    with contextlib.ExitStack() as stack:
        if path.is_busy:
            stack.callback(bench.start(sys.executable, "-c", SPIN).kill)
        if path.paused:
            stack.enter_context(Pauses([pids[host] for host in path.paused], seed))
        yield


def udpst_bps(document):
    """Its maximum over a second, which is what it calls the capacity."""
    return document["Output"]["AtMax"]["MaxIPLayerCapacity"] * MEGA


def iperf3_bps(document):
    """What it receives when it floods."""
    received = document["end"]["sum_received"]
    return iperf3_arrived(received) * (LENGTH + IP_BYTES) * 8 / received["seconds"]


class Wild:
    """Tests over emulated links, each link made anew with its hosts."""

    def __init__(self, bench, emulator, seconds):
        self.bench, self.emulator, self.seconds = bench, emulator, seconds

    @contextlib.contextmanager
    def link(self, path, seed, **more):
        link = Link()
        try:
            link.emulate(self.emulator, seed=seed, **path.settings, **more)
            yield link
        finally:
            self.bench.end_children()
            link.close()

    def measure(self, path, test, seed):
        """A result for each direction of the test."""
        results = [Result(path, test, way) for way in WAYS[test]]
        try:
            with self.link(path, seed, data_bytes=LENGTH + IP_BYTES) as link:
                self._measure(link, path, test, seed, results)
        except TROUBLE as e:
            for result in results:
                result.problem = str(e).replace("\n", " ")[:300]
        return results

    def _measure(self, link, path, test, seed, results):
        bench = self.bench
        server = bench.start(bench.wyndrvrd, "0.0.0.0", lab=link, host="server")
        server.wait_for("Server started on")
        client = bench.client(SERVER, FLAGS[test], "--duration", self.seconds, "--packet-length", LENGTH, lab=link,
                              host="client")
        begin = time.monotonic()
        with hosts_of(path, bench, {"client": client.pid, "server": server.pid}, seed):
            code = client.wait(2 * self.seconds + ENDING_S)
        took_s, count = time.monotonic() - begin, link.stop()
        for result in results:
            result.took_s, result.emulator_ms = took_s, count["host"]["late_us"]["max"] / 1000
            add_count(result, count[result.way], count["seconds"])
        tests = {t["direction"]: t for t in client.document(0)["end"]["tests"]} if code == 0 else {}
        for result in results:
            if result.way in tests:
                add_test(result, tests[result.way])
            else:
                result.problem = "exit %d: %s" % (code, client)

    def error_of(self, tool, program, path, way, seed):
        """The error of another tool in percent; None when it has no figure."""
        begin, figure = {"UDP-ST": (self._udpst, udpst_bps), "iperf3": (self._iperf3, iperf3_bps)}[tool]
        result = Result(path, way, way)
        try:
            with self.link(path, seed) as link:
                server, client = begin(link, program, way)
                with hosts_of(path, self.bench, {"client": client.pid, "server": server.pid}, seed):
                    client.wait(2 * self.seconds + ENDING_S)
                count = link.stop()
                result.found_bps = figure(json.loads(client.out()))  # warnings are exit codes of UDP-ST's
                result.truth_bps = truth_bps(path, way, count[way], count["seconds"])
        except (*TROUBLE, ValueError):
            return None
        return result.error_percent()

    def _udpst(self, link, program, way):
        server = self.bench.start(program, "-4", lab=link, host="server")
        until(lambda: UDPST_PORT in link.on("server", "cat", "/proc/net/udp"), "UDP-ST's port")
        seconds = max(UDPST_LEAST_S, self.seconds)
        return server, self.bench.start(program, "-4", "-u" if way == "up" else "-d", "-t", seconds, "-f", "json", "-s",
                                        SERVER, lab=link, host="client")

    def _iperf3(self, link, program, way):
        server = self.bench.start(program, "-s", "-1", "--forceflush", lab=link, host="server")
        server.wait_for("listening")
        return server, self.bench.start(program, "-c", SERVER, "-u", "-b", 0, "-l", LENGTH, "-t", self.seconds, "-J",
                                        *([] if way == "up" else ["-R"]), lab=link, host="client")
