"""Rows measured in the lab: what the search finds, how fast, and at what cost."""
import time

from loopback import only_test
from measure import Row, say
from network import ENDING_S, MEGA, Wires, ip_rate, network

# Name, tbf's rate and queue, bits a second, bound of the median delay added in ms.
PATHS = (("10 Mbit/s", ("10mbit", "50ms"), 10e6, 10),
         ("100 Mbit/s", ("100mbit", "50ms"), 100e6, 3),
         ("1 Gbit/s", ("1gbit", "20ms", "256k"), 1e9, 3))
WAYS = ("up", "down")
PORT = {"up": "upload", "down": "download"}


def search(lab, way, seconds):
    """One --rate auto run: the document, and the wires meanwhile."""
    wires = Wires(lab, way)
    try:
        return lab.measure(way, seconds, "--rate", "auto").document(seconds + ENDING_S), wires
    finally:
        wires.stop()


def error_percent(test, truth_bps):
    found = test["capacity_bits_per_second"]
    return None if found is None else abs(found / truth_bps - 1) * 100


def capacity_rows(name, delay_ms):
    return [Row("capacity of %s, error" % name, "%", 1, in_every_run=True),
            Row("... until 95 % of it arrives", "s", 0.3),
            Row("... lost in the whole test", "%", 0.3),
            Row("... median delay added", "ms", delay_ms)]


def add_search(rows, found, frame_bps, idle_ms, way):
    document, wires = found
    truth_bps = ip_rate(frame_bps)
    test = only_test(document)
    loaded = document["end"]["latency"][PORT[way]]["loaded"]
    rows[0].add(error_percent(test, truth_bps))
    rows[1].add(wires.reached(0.95 * frame_bps))
    rows[2].add(test["loss"]["percent"])
    rows[3].add(loaded["p50_us"] / 1000 - idle_ms)
    say("  found %.3f of %.3f Mbit/s, +- %s %%, limited by %s" % (
        (test["capacity_bits_per_second"] or 0) / MEGA, truth_bps / MEGA, test["capacity_ci_percent"],
        test["limited_by"]))


def capacity(bench):
    """Three links, both ways."""
    seconds, rows = bench.seconds(10, 3), []
    for name, tbf, frame_bps, delay_ms in PATHS:
        with network(bench) as lab:
            lab.sh("rate", *tbf)
            lab.serve()
            for way in WAYS:
                mine = capacity_rows("%s, %s" % (name, way), delay_ms)
                for run in range(bench.runs):
                    with bench.attempt("capacity of %s %s" % (name, way), run, mine):
                        idle_ms = lab.idle_ms(PORT[way])
                        add_search(mine, search(lab, way, seconds), frame_bps, idle_ms, way)
                rows += mine
    return rows


def lose_at_receivers(lab):
    """5 % behind the bottleneck: where each host takes datagrams in, before its sockets."""
    for host in ("client", "server"):
        lab.on(host, "nft", "add table inet weather; add chain inet weather in { type filter hook prerouting "
               "priority 0; }; add rule inet weather in meta l4proto udp numgen random mod 100 < 5 drop")


def lossy(bench):
    """5 % at random. The router's nft drops before the queue, so the bottleneck can still be full, if a source
    sends more. What is lost behind it has taken its share of it."""
    seconds, rows = bench.seconds(10, 3), []
    whole = ip_rate(100e6)
    places = (("before", whole, lambda lab: lab.sh("loss", 50)),
              ("behind", 0.95 * whole, lose_at_receivers))
    for place, truth_bps, lose in places:
        with network(bench) as lab:
            lab.sh("rate", "100mbit")
            lose(lab)
            lab.serve()
            for way in WAYS:
                row = Row("100 Mbit/s, 5 %% lost %s the bottleneck, %s, error" % (place, way), "%", 3,
                          note="of %.2f Mbit/s" % (truth_bps / MEGA))
                rows.append(row)
                for run in range(bench.runs):
                    with bench.attempt("loss %s, %s" % (place, way), run, (row,)):
                        test = only_test(search(lab, way, seconds)[0])
                        row.add(error_percent(test, truth_bps))
                        say("  found %.2f, received %.2f of %.2f Mbit/s, lost %.2f %%" % (
                            (test["capacity_bits_per_second"] or 0) / MEGA,
                            test["received"]["ip_bits_per_second"] / MEGA, truth_bps / MEGA,
                            test["loss"]["percent"]))
    return rows


def steps(bench):
    """100, 30, 100 Mbit/s, changed at 4 s and 8 s of 12 s."""
    rows = []
    with network(bench) as lab:
        lab.serve()
        for way in WAYS:
            fall = Row("100 to 30 Mbit/s, %s, until it keeps within 10 %%" % way, "s", 1, in_every_run=True)
            rise = Row("... back to 100 Mbit/s", "s", 1, in_every_run=True)
            lost = Row("... lost in the whole test", "%")
            rows += [fall, rise, lost]
            for run in range(bench.runs):
                with bench.attempt("steps %s" % way, run, (fall, rise, lost)):
                    for row, value in zip((fall, rise, lost), one_stairway(lab, way)):
                        row.add(value)
    return rows


def one_stairway(lab, way, total_s=12, changes=((4, 30), (8, 100))):
    """How long each of the changes took to be followed, and the share that was lost."""
    lab.sh("rate", "100mbit")
    wires, made = Wires(lab, way), []
    client = lab.measure(way, total_s, "--rate", "auto")
    try:
        begin = None
        while begin is None and client.is_running():
            time.sleep(0.01)
            begin = wires.start()
        for after_s, mbit in changes:
            time.sleep(max(0, (begin or 0) + after_s - time.monotonic()))
            lab.sh("rate", "%dmbit" % mbit)
            made.append(time.monotonic())
        test = only_test(client.document(total_s + ENDING_S))
    finally:
        wires.stop()
    ends = made[1:] + [(begin or 0) + total_s]
    return [wires.settled(since, until, mbit * MEGA)
            for since, until, (_, mbit) in zip(made, ends, changes)] + [test["loss"]["percent"]]
