"""Rows measured on loopback: the machine's limit, iperf3 beside it, CPU time, and the set of spans."""
import re

from measure import LENGTH, Failed, Row, installed

GIGA, MEGA = 1e9, 1e6
ENDING_S = 20      # what a run may take beyond its duration
SMALL = 64
PACED = "1G"


def only_test(document):
    tests = document["end"]["tests"]
    if len(tests) != 1 or not tests[0]["complete"]:
        raise Failed("no complete test: %s" % document["error"])
    return tests[0]


def iperf3(bench, rate, length, seconds):
    """One run of it: its sum_received, and the CPU seconds of both ends."""
    port = bench.port()
    server = bench.start("iperf3", "-s", "-1", "--forceflush", "-B", "127.0.0.1", "-p", port)
    server.wait_for("listening")
    client = bench.start("iperf3", "-c", "127.0.0.1", "-p", port, "-u", "-b", rate, "-l", length, "-t",
                         seconds, "-J")
    received = client.document(seconds + ENDING_S)["end"]["sum_received"]
    server.wait()
    return received, client.cpu_s + server.cpu_s


def iperf3_arrived(received):
    """Datagrams; its "packets" are those that it expected."""
    return received["packets"] - received["lost_packets"]


def wyndrvr(bench, *flags, seconds, length=LENGTH):
    """One run against a server of its own: the document, and the CPU seconds of both ends."""
    server, address = bench.server("--port-parallelability", "THREAD")
    client = bench.client(address, "--duration", seconds, "--packet-length", length,
                          "--port-parallelability", "THREAD", *flags)
    document = client.document(seconds * 2 + ENDING_S)
    server.end()
    return document, client.cpu_s + server.cpu_s


def machine(bench, length, seconds):
    return bench.start(bench.loop, length, seconds).document(seconds + ENDING_S)


def per_second(test):
    return test["received"]["packets"] / test["duration_s"]


def full_speed(bench):
    """Large datagrams as fast as possible."""
    seconds = bench.seconds(5)
    rate = Row("loopback, 1400 B, received", "Gbit/s", 0.90, True, by_ratio=True, other_is="bench_loop")
    lost = Row("... lost", "%", 1, other_is="bench_loop")
    beside = Row("... beside iperf3 -u -b 0", "Gbit/s", other_is="iperf3")
    beats = Row("... CONTROL heartbeats not answered meanwhile", "", 0, in_every_run=True)
    for run in range(bench.runs):
        with bench.attempt("full speed", run, (rate, lost, beats, beside)):
            limit = machine(bench, LENGTH, seconds)
            document, _ = wyndrvr(bench, "--bwup", "--rate", "max", seconds=seconds)
            test = only_test(document)
            received = test["received"]["bits_per_second"] / GIGA
            rate.add(received, limit["bits_per_second"] / GIGA)
            lost.add(test["loss"]["percent"], limit["lost_percent"])
            loaded = document["end"]["latency"]["control"]["loaded"]
            beats.add(loaded["lost"] if loaded["n"] else None)
            if installed("iperf3"):
                other, _ = iperf3(bench, 0, LENGTH, seconds)
                beside.add(received, iperf3_arrived(other) * LENGTH * 8 / other["seconds"] / GIGA)
    return [rate, lost, beats, beside]


def small(bench):
    """Small datagrams as fast as possible."""
    seconds = bench.seconds(5)
    count = Row("loopback, 64 B, received", "million/s", 10, True, other_is="bench_loop")
    lost = Row("... lost", "%", other_is="bench_loop")
    beside = Row("... beside iperf3 -u -b 0", "million/s", other_is="iperf3")
    for run in range(bench.runs):
        with bench.attempt("small datagrams", run, (count, lost, beside)):
            limit = machine(bench, SMALL, seconds)
            test = only_test(wyndrvr(bench, "--bwup", "--rate", "max", seconds=seconds, length=SMALL)[0])
            count.add(per_second(test) / MEGA, limit["packets_per_second"] / MEGA)
            lost.add(test["loss"]["percent"], limit["lost_percent"])
            if installed("iperf3"):
                other, _ = iperf3(bench, 0, SMALL, seconds)
                beside.add(per_second(test) / MEGA, iperf3_arrived(other) / other["seconds"] / MEGA)
    return [count, lost, beside]


def both(bench):
    """Both directions at once against one."""
    seconds = bench.seconds(5)
    row = Row("loopback, both ways at once, sum received", "Gbit/s", 0.85, True, by_ratio=True,
              other_is="one way")
    for run in range(bench.runs):
        with bench.attempt("both ways", run, (row,)):
            one = only_test(wyndrvr(bench, "--bwup", "--rate", "max", seconds=seconds)[0])
            two = wyndrvr(bench, "--bwboth", "--rate", "max", seconds=seconds)[0]["end"]["tests"]
            row.add(sum(t["received"]["bits_per_second"] for t in two) / GIGA,
                    one["received"]["bits_per_second"] / GIGA)
    return [row]


def cpu(bench):
    """CPU time at a paced rate, start and end of the programs included."""
    seconds = bench.seconds(10, 3)
    row = Row("CPU of both ends at a paced 1 Gbit/s", "s/GB", 0.6, by_ratio=True, other_is="iperf3")
    down = Row("... download", "s/GB", 0.6, by_ratio=True, other_is="iperf3")
    for run in range(bench.runs):
        with bench.attempt("CPU", run, (row, down)):
            theirs = None
            if installed("iperf3"):
                received, spent_s = iperf3(bench, PACED, LENGTH, seconds)
                theirs = spent_s / (iperf3_arrived(received) * LENGTH / GIGA)
            for flag, kept in (("--bwup", row), ("--bwdown", down)):
                document, spent_s = wyndrvr(bench, flag, "--rate", PACED, seconds=seconds)
                kept.add(spent_s / (only_test(document)["received"]["bytes"] / GIGA), theirs)
    return [row, down]


def span(bench):
    """The slower of its two measurements with changes; it prints millions a second."""
    row = Row("span set, 10,000 holes, changes", "million/s", 20, True)
    for run in range(bench.runs):
        with bench.attempt("spans", run, (row,)):
            child = bench.start(bench.span)
            child.wait(120)
            rates = re.findall(r"^(?:add|remove), .* ([0-9.]+) million/s", child.out(), re.M)
            if child.code or len(rates) != 2:
                raise Failed("no rates: %s" % child)
            row.add(min(float(rate) for rate in rates))
    return [row]
