"""Our programs and classic ones, both ways. The classic side is tests/classic/peer.py, which counts
what breaks the protocol: nothing may."""
import os
import select
import socket
import sys
import time
import unittest
import uuid

import harness

sys.path.insert(0, os.path.dirname(harness.PEER))
import wire  # noqa: E402

MODES = ("SINGLE", "THREAD")
DATAGRAM_BYTES = 938  # header, 900 characters, and what JSON adds
# A client that got no result has waited its own time and five seconds.
RESULT_S = 5
NOTHING_CAME = ("The classic server sent neither FLOW_CONTROL nor a result; what arrived there is not "
                "known")
UPLOAD = ("--json", "--bwup", "--duration", "1", "--rate", "5M")


long = harness.Stage()


def setUpModule():
    """A client that names no duration means 30 s: that test runs beside all others."""
    long.open_stage()
    unittest.addModuleCleanup(long.close_stage)
    long.server = long.server()
    long.peer = long.peer_client(long.server, "--bwup", "--no-duration-field", "--duration", "1",
                                 "--linger", "0.5")


class OurClient(harness.Case):
    def run_upload(self, mode, *peer_flags, code=0, seconds=None, duration=1):
        """The one test of the client's document, and the same as the peer has seen it."""
        peer = self.peer_server(*peer_flags)
        client = self.client(peer, *UPLOAD, "--duration", duration, "--port-parallelability", mode)
        self.assert_exit(client, code, seconds)
        self.assertEqual(peer.end(), 0, peer)
        document, theirs = client.document(), peer.last_object()
        self.assertEqual(theirs["violations"], 0, theirs["violation_texts"])
        self.assertIs(document["start"]["classic"], True)
        self.assertEqual(len(theirs["clients"]), 1)
        self.assertEqual(len(theirs["clients"][0]["uploads"]), 1)
        upload = theirs["clients"][0]["uploads"][0]
        test = self.only_test(document)
        self.assertEqual(upload["channel"], test["channel"])
        self.assertLess(upload["highest_data_sequence"], test["sent"]["packets"])
        return test, upload, document

    def run_complete(self, mode, *peer_flags, duration=1):
        test, upload, document = self.run_upload(mode, *peer_flags, duration=duration)
        self.assertTrue(test["complete"])
        self.assertIsNone(document["error"])
        self.assertTrue(upload["acknowledged"])
        self.assertGreater(test["received"]["packets"], 0)
        self.assertEqual(test["received"]["packets"], upload["packets"])
        self.assertEqual(test["received"]["bytes"], upload["bytes"])
        self.assertEqual(test["sent"]["packets"],
                         test["received"]["packets"] + test["loss"]["packets"])
        return test, upload

    def run_clean(self, mode, *peer_flags):
        """Without loss every packet is accounted for, before the peer's end of the test or after."""
        test, upload = self.run_complete(mode, *peer_flags)
        self.assertEqual(test["sent"]["packets"], upload["packets"] + upload["late_packets"])
        self.assertEqual(upload["duplicates"], test["retransmitted_packets"])

    def run_lossy(self, mode, *peer_flags):
        # The peer's time begins with its first answer; one that is lost is asked for again after half a second.
        test, upload = self.run_complete(mode, "--drop", "0.2", *peer_flags, duration=4)
        self.assertGreater(test["loss"]["packets"], 0)
        self.assertGreater(test["retransmitted_packets"], 0)
        self.assertGreater(upload["unique"], test["received"]["packets"] / 2)

    def test_clean(self):
        harness.together(*[lambda mode=mode, flags=flags: self.run_clean(mode, *flags)
                           for mode in MODES for flags in ((), ("--string-timestamps",))])

    def test_lossy(self):
        harness.together(*[lambda mode=mode: self.run_lossy(mode) for mode in MODES])

    def test_no_flow_control(self):
        harness.together(*[lambda mode=mode: self.run_clean(mode, "--no-flow-control")
                           for mode in MODES])

    def test_no_packet_count(self):
        """What the peer doesn't count follows from the bytes."""
        test, upload = self.run_complete("THREAD", "--no-packet-count")
        self.assertNotIn("packet_count", upload["result"])
        self.assertEqual(test["received"]["packets"] * DATAGRAM_BYTES, test["received"]["bytes"])

    def run_without_result(self, mode, *peer_flags):
        began = time.monotonic()
        test, upload, document = self.run_upload(mode, *peer_flags, code=1,
                                                 seconds=8 * harness.SLOWER)
        self.assertGreater(time.monotonic() - began, 1 + RESULT_S)
        self.assertFalse(test["complete"])
        self.assertEqual(document["error"]["code"], "incomplete")
        self.assertGreater(test["sent"]["packets"], 0)
        self.assertAlmostEqual(test["duration_s"], 1, delta=0.1 * harness.SLOWER)
        return test, upload, document

    def run_without_result_but_reports(self, mode, *peer_flags):
        """What the last report shows counts as received."""
        test, upload, _ = self.run_without_result(mode, *peer_flags)
        self.assertGreater(test["received"]["packets"], 0)
        self.assertLessEqual(test["received"]["packets"], upload["unique"])
        self.assertEqual(test["received"]["bytes"], test["received"]["packets"] * DATAGRAM_BYTES)

    def run_without_anything(self):
        test, _, document = self.run_without_result("THREAD", "--no-result", "--no-flow-control")
        self.assertIsNone(test["received"])
        self.assertIsNone(test["loss"])
        self.assertEqual(document["error"]["message"], NOTHING_CAME)

    def run_without_anything_as_text(self):
        peer = self.peer_server("--no-result", "--no-flow-control")
        client = self.client(peer, *[flag for flag in UPLOAD if flag != "--json"])
        self.assert_exit(client, 1)
        self.assertEqual(client.err.lines.count("wyndrvr: " + NOTHING_CAME), 1, client)

    def test_no_result(self):
        """From a server that sends none, or that takes its 30 s whatever it is asked for."""
        harness.together(
            *[lambda mode=mode, flag=flag: self.run_without_result_but_reports(mode, flag)
              for mode in MODES for flag in ("--no-result", "--ignore-duration")],
            self.run_without_anything, self.run_without_anything_as_text)

    def run_two_tests(self, mode, *peer_flags):
        """Each in a session of its own: the server's CONTROL port may end with the first result."""
        peer = self.peer_server(*peer_flags)
        client = self.client(peer, "--bwup", *UPLOAD, "--interval", "0.2", "--port-parallelability", mode)
        self.assert_exit(client, 0)
        self.assertEqual(peer.end(), 0, peer)
        document, theirs = client.document(), peer.last_object()
        self.assertEqual(theirs["violations"], 0, theirs["violation_texts"])
        self.assertIsNone(document["error"])
        self.assertEqual([test["complete"] for test in document["end"]["tests"]], [True, True])
        self.assertEqual([len(one["uploads"]) for one in theirs["clients"]], [1, 1])
        self.assertEqual([one["uploads"][0]["channel"] for one in theirs["clients"]],
                         [test["channel"] for test in document["end"]["tests"]])
        self.assertEqual([one["unheard_commands"] for one in theirs["clients"]], [0, 0])
        starts = [interval["start"] for interval in document["intervals"]]
        self.assertEqual(starts, sorted(starts))
        self.assertGreater(starts[-1], 2)

    def test_two_tests(self):
        harness.together(*[lambda mode=mode, flags=flags: self.run_two_tests(mode, *flags)
                           for mode in MODES for flags in ((), ("--one-test",))],
                         self.run_two_tests_as_text)

    def run_two_tests_as_text(self):
        peer = self.peer_server("--one-test")
        client = self.client(peer, "--bwup", "--bwup", "--duration", "1", "--rate", "5M")
        self.assert_exit(client, 0)
        for line in ("Received port assignment:", "Client connected successfully",
                     "=== Upload Bandwidth Test Results ==="):
            self.assertEqual(client.out.lines.count(line), 2, client)

    def test_heartbeats(self):
        for mode in MODES:
            peer = self.peer_server("--string-timestamps")
            client = self.client(peer, "--json", "--count", "3", "--heartbeat-rate", "50",
                                 "--port-parallelability", mode)
            self.assert_exit(client, 0)
            self.assertEqual(peer.end(), 0, peer)
            for latency in client.document()["end"]["latency"].values():
                self.assertEqual((latency["idle"]["n"], latency["idle"]["lost"]), (3, 0))
            for port in peer.last_object()["clients"][0]["ports"].values():
                self.assertEqual(port["round_trips"], 3)

    def test_lines(self):
        peer = self.peer_server()
        client = self.client(peer, "--bwup", "--duration", "1", "--rate", "5M", "--test-verbose")
        self.assert_exit(client, 0)
        for line in ("Connecting to server " + peer.address, "Received port assignment:",
                     "Client connected successfully", "=== Upload Bandwidth Test Results ==="):
            self.assertIn(line, client.out.lines)
        for line in ("Client sent BWUP", "Client received BWUP ack from server",
                     "Client received FLOW_CONTROL"):
            self.assertIn(line, client.err.lines)


class RepeatingServer:
    """A classic server to which no acknowledgement of its result gets through: it repeats the
    result `repeats` times, 100 ms apart, and then is content."""

    def __init__(self, repeats):
        self.repeats = repeats
        self.results = self.acknowledgements = 0
        self.main, *self.ports = [self._socket() for _ in range(4)]
        self.address = "127.0.0.1:%d" % self.main.getsockname()[1]
        self.sequence, self.next_s, self.result, self.peer = 0, None, None, None

    @staticmethod
    def _socket():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        return sock

    def close(self):
        for sock in [self.main] + self.ports:
            sock.close()

    def serve(self, client):
        """Until the client has ended."""
        while client.is_running():
            for sock in select.select([self.main] + self.ports, [], [], 0.01)[0]:
                datagram, address = sock.recvfrom(65536)
                if sock is self.main:
                    numbers = [port.getsockname()[1] for port in self.ports] + [1]
                    sock.sendto(",".join(map(str, numbers)).encode(), address)
                else:
                    self._input(sock, address, *wire.decode(datagram)[:2], datagram[20:])
            if self.next_s and time.monotonic() >= self.next_s and self.results < self.repeats:
                self._send(self.ports[0], self.peer, wire.TEST_RESULT, self.result)
                self.results += 1
                self.next_s += 0.1

    def _send(self, sock, address, kind, body, channel=None):
        channel = body["channel"] if channel is None else channel
        sock.sendto(wire.encode(kind, channel, self.sequence, 0, wire.dump(body)), address)
        self.sequence += 1

    def _input(self, sock, address, kind, channel, body):
        if kind == wire.HEARTBEAT_0:
            stamp = wire.parse_object(body)["timestamp"]
            self._send(sock, address, wire.HEARTBEAT_1,
                       {"client_timestamp": stamp, "server_timestamp": 1}, channel)
        elif kind == wire.CONTROL:
            answer = {"cmd": "BWUP", "ack": 0, "channel": channel, "duration": 1, "uid":
                      str(uuid.uuid4())}
            self._send(sock, address, kind, answer)
            self.peer = address
            self.next_s = time.monotonic() + 1.1
            self.result = {"cmd": "TEST_RESULT", "ack": 1, "guid": str(uuid.uuid4()), "uid":
                           answer["uid"], "channel": channel, "bytes_received": 938,
                           "bandwidth_bps": 7504.0, "retransmit_count": 0, "packet_count": 1,
                           "duration": 1.0}
        elif kind == wire.TEST_RESULT:
            assert wire.parse_object(body) == {"cmd": "TEST_RESULT", "ack": 0,
                                               "guid": self.result["guid"]}, body
            self.acknowledgements += 1


class RepeatedResult(harness.Case):
    def test_every_repeat_is_acknowledged(self):
        """As long as the result comes again, the acknowledgement has not arrived."""
        server = RepeatingServer(repeats=20)
        self.addCleanup(server.close)
        client = self.client(server, *UPLOAD)
        server.serve(client)
        self.assert_exit(client, 0)
        self.assertEqual((server.results, server.acknowledgements), (20, 20))


class OurServer(harness.Case):
    def run_upload(self, mode, *flags):
        server = self.server("--port-parallelability", mode)
        peer = self.peer_client(server, "--bwup", "--duration", "1", "--linger", "0.5", *flags)
        name = server.out.wait("Client connected: (%s)" % harness.ADDRESS).group(1)
        self.assert_exit(peer, 0)
        document = peer.last_object()
        self.assertEqual(document["violations"], 0, document["violation_texts"])
        self.assertTrue(document["complete"])
        upload = document["upload"]
        self.assertGreater(upload["reports"], 3)
        result = upload["result"]
        self.assertLessEqual(result["packet_count"], upload["packets_sent"])
        self.assertGreater(result["packet_count"], 0)
        self.assertAlmostEqual(result["bandwidth_bps"], result["bytes_received"] * 8 /
                               result["duration"], delta=1)
        server.err.wait(r"Upload test from %s: channel %d, 1 s" % (name, upload["channel"]))
        server.err.wait(r"Upload test from %s: [\d.]+ Mbit/s, %d packets, \d+ unique.*" % (
            name, result["packet_count"]))
        return upload

    def run_clean(self, mode, *flags):
        upload = self.run_upload(mode, *flags)
        self.assertEqual(upload["result"]["packet_count"], upload["packets_sent"])
        self.assertEqual(upload["result"]["bytes_received"], upload["bytes_sent"])
        self.assertEqual(upload["result"]["retransmit_count"], upload["retransmitted"])

    def run_lossy(self, mode):
        upload = self.run_upload(mode, "--drop", "0.2")
        self.assertLess(upload["result"]["packet_count"], upload["packets_sent"])
        self.assertGreater(upload["retransmitted"], 0)
        self.assertGreater(upload["result"]["retransmit_count"], 0)

    def test_clean(self):
        harness.together(*[lambda mode=mode, flags=flags: self.run_clean(mode, *flags)
                           for mode in MODES for flags in ((), ("--string-timestamps",))])

    def test_lossy(self):
        harness.together(*[lambda mode=mode: self.run_lossy(mode) for mode in MODES])

    def test_flood(self):
        """As fast as the peer can: reports and heartbeats still come."""
        for mode in MODES:
            self.run_upload(mode, "--rate", "0")

    def test_heartbeats(self):
        for mode in MODES:
            server = self.server("--port-parallelability", mode)
            peer = self.peer_client(server, "--heartbeats", "3", "--heartbeat-ms", "50")
            self.assert_exit(peer, 0)
            for port in peer.last_object()["ports"].values():
                self.assertEqual(port["round_trips"], 3)
            self.assertEqual(server.end(), 0, server)
            for port in harness.PORT_NAMES:
                self.assertTrue(server.err.find(r"Latency summary \S+ %-9s: n 3, lost 0, .*" % port),
                                server)


class WithoutDuration(unittest.TestCase):
    """Runs last of all, and has begun first: see setUpModule."""

    def test_means_30_s(self):
        self.assertEqual(long.peer.wait(35 * harness.SLOWER), 0, long.peer)
        document = long.peer.last_object()
        self.assertEqual(document["violations"], 0, document["violation_texts"])
        upload = document["upload"]
        self.assertEqual(upload["acknowledgement"].get("duration", 30), 30)
        self.assertAlmostEqual(upload["result"]["duration"], 30, delta=0.5 * harness.SLOWER)
        self.assertEqual(upload["result"]["packet_count"], upload["packets_sent"])
        self.assertTrue(long.server.err.find("Upload test from .*: channel %d, 30 s" %
                                             upload["channel"]), long.server)
        self.assertEqual(long.server.end(), 0, long.server)


if __name__ == "__main__":
    unittest.main()
