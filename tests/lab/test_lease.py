"""A download that nobody proves to receive ends within its lease: the last data packet leaves no later
than 1.0 s after the last valid report."""
import select
import signal
import time

from concurrent.futures import ThreadPoolExecutor

from lab import (BANDWIDTH_TEST, CLIENT, FLOW_CONTROL, LENGTH, SERVER, Capture, Case, figure, main,
                 udp_packet)
from peer import DOWNLOAD, Peer

LEASE_S = 1.0
BEYOND_S = 1.6  # watched for this long after the last report
RATE = 10000000

HOARD = 390

# What a forger reports, and how many receipts it has kept back.
FORGERS = {
    "same_receipt": (lambda peer, taken, n: peer.report(taken[-1]), 0),
    # The true number of a packet that arrived, claimed for its neighbours.
    "receipt_of_neighbour": (lambda peer, taken, n: peer.report(
        (taken[-1][0] + 1 + n // 4, 0), receipt=taken[-1][1]), 0),
    # True numbers of packets that arrived, given back little by little.
    "hoarded_receipts": (lambda peer, taken, n: peer.report(taken[min(n, HOARD - 1) - HOARD]), HOARD),
    "guessed_receipts": (lambda peer, taken, n: peer.report(
        (taken[-1][0] + 1 + n, 0), receipt=n * 0x9e3779b97f4a7c15 % 2 ** 64), 0),
}


def after_last(packets, ends_s):
    """Seconds from the last report up to a time to the last data packet."""
    reports = [p.time_s for p in packets if p.type == FLOW_CONTROL and p.time_s <= ends_s]
    data = [p.time_s for p in packets if p.type == BANDWIDTH_TEST]
    return data[-1] - reports[-1]


class Lease(Case):
    def assert_stopped(self, name, seconds):
        figure(name, "%.3f s" % seconds)
        self.assertLessEqual(seconds, LEASE_S)
        self.assertGreater(seconds, 0)

    def kill_in_download(self, *flags):
        """A client killed in mid-download; the capture, the time, and its packets until then."""
        self.server(*flags)
        capture = Capture(self.lab, "to_client", lambda p: p.type in (FLOW_CONTROL, BANDWIDTH_TEST))
        client = self.client("--bwdown", "--duration", 20, "--rate", RATE, "--packet-length", LENGTH)
        self.wait_for_load(1000)
        client.send_signal(signal.SIGKILL)
        client.wait()
        killed_s = time.time()
        return capture, killed_s, list(capture.packets)

    def check_killed(self, name, *flags):
        # The errors of an unreachable port must not help.
        self.lab.drop_icmp()
        capture, killed_s, _ = self.kill_in_download(*flags)
        time.sleep(BEYOND_S)  # nothing may come
        self.assert_stopped(name, after_last(capture.stop(), killed_s))

    def test_killed(self):
        self.check_killed("lease_killed")

    def test_killed_single_port(self):
        self.check_killed("lease_killed_single_port", "--single-port")

    def test_old_reports_again(self):
        capture, killed_s, before = self.kill_in_download()
        reports = [p for p in before if p.type == FLOW_CONTROL]
        self.assertGreater(len(reports), 20)
        raw = self.lab.raw("client")
        ends, sent = time.monotonic() + BEYOND_S, 0
        while time.monotonic() < ends:
            old = reports[sent % len(reports)]
            payload = old.payload
            if sent % 2:  # ... and with sequence and counter moved on, which breaks the tag
                later = (int.from_bytes(payload[4:12], "big") + 100000).to_bytes(8, "big")
                payload = payload[:4] + later + later + payload[20:]
            raw.sendto(udp_packet(old.source, old.target, payload), (SERVER, 0))
            sent += 1
            time.sleep(0.002)  # the pace of the forger
        raw.close()
        packets = capture.stop()
        figure("lease_replayed_reports", sent)
        self.assert_stopped("lease_old_reports", after_last(packets, killed_s))

    def test_forged_reports(self):
        """Clients that hold their secrets stop receiving and go on reporting."""
        self.server()
        with ThreadPoolExecutor(len(FORGERS)) as pool:
            ends = list(pool.map(lambda name: self.forge(*FORGERS[name]), FORGERS))
        for name, seconds in zip(FORGERS, ends):
            with self.subTest(name):
                self.assert_stopped("lease_%s" % name, seconds)

    def forge(self, make, hoard):
        """The client reports by `make(peer, packets received, how many so far)`. `hoard`: this many of its
        last receipts it has not given back. The seconds until its load ends."""
        peer = Peer(self.lab).connect().prove()
        self.addCleanup(peer.close)
        self.assertNotIn("refused", peer.download(20, RATE, LENGTH))
        address = CLIENT, peer.sockets[DOWNLOAD].getsockname()[1]
        capture = Capture(self.lab, "to_client", lambda p: p.type == BANDWIDTH_TEST and p.target == address)
        peer.report()
        ends, taken = time.monotonic() + 0.8, []
        while time.monotonic() < ends:
            taken.append(peer.take_data())
            if taken[-1][0] % 16 == 0:
                peer.report(taken[max(-hoard, -len(taken)) or -1])
        while not hoard and taken[-1][0] % 64 != 8:  # in the middle of a round number of packets
            taken.append(peer.take_data())
        peer.report(taken[-hoard or -1])
        stopped_s = time.time()
        ends, count = time.monotonic() + BEYOND_S, 0
        while time.monotonic() < ends:
            make(peer, taken, count)
            count += 1
            select.select([], [], [], 0.02)
        data = [p.time_s for p in capture.stop()]
        self.assertGreater(len(data), 400)
        return data[-1] - stopped_s


if __name__ == "__main__":
    main()
