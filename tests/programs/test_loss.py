"""Impairment: what both programs do themselves with --test-drop-rate and --test-delay, and one path
that loses the wrong packets."""
import os
import select
import socket
import sys
import time
import unittest

import harness

sys.path.insert(0, os.path.dirname(harness.PEER))
import wire  # noqa: E402

MODES = ("SINGLE", "THREAD")
PATIENT = ("--connect-timeout", "60")
# Where the requests themselves get lost.
CONNECT_S = 60 * harness.SLOWER


class DeafPath:
    """Between one client and a server. It loses nothing but the acknowledgements of the test, until
    some time after the first. Speaks the classic handshake only, so both sides do."""

    def __init__(self, server, deaf_s):
        self.deaf_s, self.first_ack_s = deaf_s, None
        host, port = server.address.split(":")
        # Pairs: towards the client, towards the server. The main port is the first.
        self.pairs = [(self._bound(), self._bound())]
        self.pairs[0][1].connect((host, int(port)))
        self.host, self.clients = host, {}
        self.address = "127.0.0.1:%d" % self.pairs[0][0].getsockname()[1]

    @staticmethod
    def _bound():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind(("127.0.0.1", 0))
        return sock

    def close(self):
        for pair in self.pairs:
            for sock in pair:
                sock.close()

    def carry(self, client):
        """Until the client has ended."""
        while client.is_running():
            for sock in select.select([s for pair in self.pairs for s in pair], [], [], 0.05)[0]:
                try:
                    datagram, address = sock.recvfrom(65536)
                    self._forward(sock, datagram, address)
                except ConnectionError:
                    continue

    def _forward(self, sock, datagram, address):
        near, far = next(pair for pair in self.pairs if sock in pair)
        is_main = near is self.pairs[0][0]
        if sock is near:
            self.clients[near] = address
            far.send(datagram[:7] if is_main else datagram)
        elif is_main:
            near.sendto(self._assign(datagram), self.clients[near])
        elif not self._is_lost(datagram):
            near.sendto(datagram, self.clients[near])

    def _assign(self, answer):
        numbers = [int(n) for n in answer.split(b",")]
        if len(self.pairs) == 1:
            for port in numbers[:3]:
                self.pairs.append((self._bound(), self._bound()))
                self.pairs[-1][1].connect((self.host, port))
        own = [near.getsockname()[1] for near, _ in self.pairs[1:]]
        return ",".join(map(str, own + numbers[3:])).encode()

    def _is_lost(self, datagram):
        if wire.decode(datagram)[0] != wire.CONTROL:
            return False
        now = time.monotonic()
        self.first_ack_s = self.first_ack_s or now
        return now < self.first_ack_s + self.deaf_s


class Loss(harness.Case):
    def run_upload(self, mode, rate, tolerance):
        """`tolerance`: six standard deviations of the share that is lost."""
        flags = ("--test-drop-rate", str(rate), "--port-parallelability", mode)
        server = self.server(*flags)
        client = self.client(server, "--json", "--bwup", "--duration", "2", "--rate", "20M",
                             *PATIENT, *flags)
        name = server.out.wait("Client connected: (%s)" % harness.ADDRESS, CONNECT_S).group(1)
        self.assert_exit(client, 0, CONNECT_S)
        test = self.only_test(client.document())
        self.assertTrue(test["complete"])
        self.assert_balance(test)
        self.assertAlmostEqual(test["loss"]["packets"] / test["sent"]["packets"], rate,
                               delta=tolerance)
        self.assertGreater(test["retransmitted_packets"], 0)
        for latency in client.document()["end"]["latency"].values():
            self.assertGreater(latency["idle"]["n"] + latency["loaded"]["n"], 0)
        # The end of the test reached the server too: no result stays without its acknowledgement.
        result = server.err.wait("Upload test from %s: (.* unique.*|.*not acknowledged)" % name, 15)
        self.assertIn("unique", result.group(1))
        self.assertIn(" %d packets, %d unique" % (test["received"]["packets"],
                                                  test["received"]["unique_packets"]),
                      result.group(1))

    def test_drops(self):
        """One in five, and every second one, both ways."""
        harness.together(*[lambda mode=mode, rate=rate, tolerance=tolerance:
                           self.run_upload(mode, rate, tolerance)
                           for mode in MODES for rate, tolerance in ((0.2, 0.05), (0.5, 0.06))])

    def test_all(self):
        """Nothing gets through, and the client says so."""
        server = self.server()
        client = self.client(server, "--test-drop-rate", "1", "--connect-timeout", "0.5")
        self.assert_exit(client, 3)
        self.assertEqual(server.out.lines, ["Server started on %s" % server.address])

    def run_delayed(self, mode):
        """50 ms on each side."""
        flags = ("--test-delay", "50", "--port-parallelability", mode)
        server = self.server(*flags)
        client = self.client(server, "--json", "--bwup", "--duration", "1", "--rate", "20M",
                             "--heartbeat-rate", "100", *flags)
        self.assert_exit(client, 0)
        document = client.document()
        test = self.only_test(document)
        self.assertTrue(test["complete"])
        self.assert_balance(test)
        for port, latency in document["end"]["latency"].items():
            loaded = latency["loaded"]
            self.assertGreater(loaded["n"], 1)
            self.assertGreaterEqual(loaded["min_us"], 100e3, port)
            self.assertLess(loaded["p50_us"], 100e3 + 50e3 * harness.SLOWER, port)
        for port in harness.PORT_NAMES:
            line = server.err.wait(r"Server latency on %-9s to %s: ([\d.]+) ms" % (
                port, harness.ADDRESS))
            self.assertGreaterEqual(float(line.group(1)), 100, port)

    def test_acknowledgement_that_comes_late(self):
        """When the client hears that its test has begun, the server's time for it is over: what then
        finds no receiver was not lost on the path."""
        harness.together(*[lambda deaf_s=deaf_s: self.run_deaf(deaf_s)
                           for deaf_s in (0.5, 1.15, 1.5)])

    def run_deaf(self, deaf_s):
        path = DeafPath(self.server(), deaf_s)
        self.addCleanup(path.close)
        client = self.client(path, "--json", "--bwup", "--duration", "1", "--rate", "5M")
        path.carry(client)
        code = client.wait()
        test = self.only_test(client.document())
        self.assertEqual(code, 0 if test["complete"] else 1, client)
        if test["complete"]:
            self.assertGreater(test["received"]["packets"], 0, (deaf_s, test))
            self.assertEqual(test["loss"]["packets"], 0, (deaf_s, test))

    def test_delay(self):
        harness.together(*[lambda mode=mode: self.run_delayed(mode) for mode in MODES],
                         self.run_delayed_text)

    def run_delayed_text(self):
        server = self.server("--test-delay", "50")
        client = self.client(server, "--test-delay", "50", "--heartbeat-rate", "100", "--interval",
                             "0.3")
        for port in harness.PORT_NAMES:
            line = client.err.wait(r"Client latency %-9s: ([\d.]+) ms" % port)
            self.assertGreaterEqual(float(line.group(1)), 100, port)
        client.kill()


if __name__ == "__main__":
    unittest.main()
