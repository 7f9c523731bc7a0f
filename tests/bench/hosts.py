"""Rows measured in the lab of what a host does: its clock, and where datagrams are lost."""
import signal
import time

from loopback import only_test
from measure import LENGTH, Failed, Row, say
from network import ENDING_S, network

AHEAD_S = 1000
PAUSE_US = 5000        # of the server with the small buffer
STOPPED_S = 0.3
STOPPED_RATE = "500M"  # overruns even a buffer of some MB
DATA_LENGTH = 1000     # what the lab's rule for data knows
WITHOUT_FORCE = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")


def clock(bench):
    """The server in a time namespace whose monotonic clock is ahead by a known time."""
    row = Row("offset of a clock that is 1000 s ahead, error", "us", 100, in_every_run=True,
              note="a skew of 100 ppm needs virtual time: tests/unit/measure/test_clock_fit.c")
    with network(bench) as lab:
        lab.serve(before=("unshare", "--time", "--monotonic", AHEAD_S, "--kill-child=SIGKILL"))
        for run in range(bench.runs):
            with bench.attempt("clock", run, (row,)):
                document = lab.ask("--heartbeat-rate", 20, "--count", bench.seconds(500, 200)).document(60)
                owd = document["end"]["owd"]
                if not owd:
                    raise Failed("no one-way delay in the document")
                row.add(abs(owd["offset_ns"] - AHEAD_S * 10**9) / 1000)
    return [row]


def judge(row, test, column, counted=None):
    """Share of the loss in a column; where the true number was counted, how close the column is to it."""
    loss = test["loss"]
    say("  lost %d: sender %s, path %s, receiver %s%s" % (
        loss["packets"], loss["sender_host"], loss["path"], loss["receiver_host"],
        "" if counted is None else "; the router dropped %d" % counted))
    if not loss["packets"]:
        row.note = "in some runs nothing was lost"
    elif counted is None:
        row.add(100 * loss[column] / loss["packets"])
    else:
        row.add(100 - 100 * abs(loss[column] - counted) / counted if counted else 0)


def by_path(lab, seconds):
    """The router drops 1 %; what it drops is counted there."""
    lab.data_loss(10, "up")
    before = lab.counters()["up_data_lost"]
    document = lab.measure("up", seconds, "--rate", "50M", length=DATA_LENGTH).document(seconds + ENDING_S)
    return only_test(document), lab.counters()["up_data_lost"] - before


def small_buffer(bench):
    """On loopback nothing else can lose: as fast as possible into a small receive buffer, which the server
    leaves alone for a while. The system's limit, net.core.rmem_max, can't be changed for one namespace."""
    seconds = bench.seconds(5, 3)
    row = Row("loss by cause: no room in a small receive buffer, in the right column", "%", 100, True,
              in_every_run=True)
    _, address = bench.server("--incoming-sleep", PAUSE_US, before=WITHOUT_FORCE)
    for run in range(bench.runs):
        with bench.attempt("small receive buffer", run, (row,)):
            client = bench.client(address, "--bwup", "--rate", "max", "--duration", seconds,
                                  "--packet-length", LENGTH)
            judge(row, only_test(client.document(seconds * 2 + ENDING_S)), "receiver_host")
    return row


def by_stop(lab, seconds, server):
    """Stops the server in the middle."""
    client = lab.measure("up", seconds, "--rate", STOPPED_RATE)
    time.sleep(seconds / 2)
    server.send_signal(signal.SIGSTOP)
    time.sleep(STOPPED_S)
    server.send_signal(signal.SIGCONT)
    return only_test(client.document(seconds + ENDING_S)), None


def causes(bench):
    """Each kind of loss alone."""
    seconds = bench.seconds(5, 3)
    # What is measured, its column, what the server runs with, the run.
    kinds = (("dropped by the router", "path", (), lambda lab, server: by_path(lab, seconds)),
             ("receiver stopped for 300 ms", "receiver_host", WITHOUT_FORCE,
              lambda lab, server: by_stop(lab, seconds, server)))
    rows = []
    for what, column, before, measure in kinds:
        row = Row("loss by cause: %s, in the right column" % what, "%", 100, True, in_every_run=True)
        rows.append(row)
        with network(bench) as lab:
            server = lab.serve(before=before)
            for run in range(bench.runs):
                with bench.attempt(what, run, (row,)):
                    test, counted = measure(lab, server)
                    judge(row, test, column, counted)
    return rows + [small_buffer(bench)]
