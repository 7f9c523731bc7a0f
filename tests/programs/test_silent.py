"""One side falls silent: killed, stopped, or gone. The other ends by itself, with what it knows."""
import re
import signal
import unittest

import harness

MODES = ("SINGLE", "THREAD")
SILENCE_S = 15
RESULT_S = 5


class Silent(harness.Case):
    def test_killed(self):
        harness.together(*[lambda mode=mode, scenario=scenario: scenario(mode) for mode in MODES
                           for scenario in (self.kill_client, self.kill_server_of_heartbeats,
                                            self.kill_server_amid_upload)])

    def kill_client(self, mode):
        """One of heartbeats, and two amid uploads: the server gives all back, and says what it has
        received."""
        server = self.server("--port-parallelability", mode)
        descriptors = server.descriptors()
        clients = [self.client(server, "--heartbeat-rate", "100", "--interval", "0.2"),
                   self.client(server, "--bwup", "--duration", "1", "--rate", "5M", "--test-verbose"),
                   self.client(server, "--bwup", "--duration", "30", "--rate", "5M", "--test-verbose")]
        clients[0].err.wait("Client latency CONTROL  : .*")
        for client in clients[1:]:
            client.err.wait("Client received FLOW_CONTROL", count=3)
        names = [m.group(1) for m in server.out.find("Client connected: (.*)")]
        self.assertEqual(len(names), 3)
        for client in clients:
            client.kill()
        for name in names:
            silent = server.err.wait(r"Client silent for (\d+) s, session ended: " + re.escape(name),
                                     SILENCE_S + harness.DEADLINE_S)
            self.assertIn(int(silent.group(1)), range(SILENCE_S, SILENCE_S + 2 * harness.SLOWER + 1))
            for port in harness.PORT_NAMES:
                server.err.wait(r"Latency summary %s %-9s: n [1-9]\d*, .*" % (re.escape(name), port))
        # The uploads' results are in the log, though nobody has acknowledged them.
        uploads = [m.group(1) for m in server.err.find("Upload test from (.*): channel .*")]
        self.assertEqual(len(uploads), 2, server)
        self.assertEqual(len(server.err.find(
            "Upload test from .*: the result was not acknowledged")), 1, server)
        for name in uploads:
            self.assertTrue(server.err.find(
                r"Upload test from %s: [\d.]+ Mbit/s, [1-9]\d* packets, .*" % re.escape(name)), server)
        harness.until(lambda: server.threads() == 1, "the threads to be gone")
        harness.until(lambda: server.descriptors() == descriptors, "the sockets to be gone")
        late = self.client(server, "--count", "1")
        self.assert_exit(late, 0)

    def kill_server_of_heartbeats(self, mode):
        server = self.server("--port-parallelability", mode)
        flags = ("--heartbeat-rate", "100", "--interval", "0.2", "--port-parallelability", mode)
        text, document = self.client(server, *flags), self.client(server, "--json", *flags)
        text.err.wait("Client latency CONTROL  : .*")
        server.out.wait("Client connected: .*", count=2)
        server.err.wait("Server latency on DOWNLOAD  to .*", count=2)
        server.kill()
        for child in (text, document):
            self.assert_exit(child, 1, SILENCE_S + harness.DEADLINE_S)
        self.assertTrue([line for line in text.err.lines if "silent" in line], text)
        self.assertEqual(document.document()["error"]["code"], "silent")
        for latency in document.document()["end"]["latency"].values():
            self.assertGreater(latency["idle"]["n"], 0)
            self.assertGreater(latency["idle"]["lost"], 0)

    def kill_server_amid_upload(self, mode):
        server = self.server("--test-verbose", "--port-parallelability", mode)
        flags = ("--bwup", "--duration", "2", "--rate", "20M", "--test-verbose",
                 "--port-parallelability", mode)
        text, document = self.client(server, *flags), self.client(server, "--json", *flags)
        text.err.wait("Client received FLOW_CONTROL", count=5)
        server.out.wait("Client connected: .*", count=2)
        server.err.wait("Server started upload bandwidth test", count=2)
        seen = sum("Client received FLOW_CONTROL" in line for line in text.err.lines)
        text.err.wait("Client received FLOW_CONTROL", count=seen + 8)
        server.kill()
        for child in (text, document):
            self.assert_exit(child, 1, 2 + RESULT_S + harness.DEADLINE_S)
        test = self.only_test(document.document())
        self.assertFalse(test["complete"])
        self.assertIsNotNone(document.document()["error"])
        # Both are known: what was sent, and what the last report said of it.
        self.assertGreater(test["sent"]["packets"], 0)
        self.assertGreater(test["sent"]["bytes"], 0)
        self.assertGreater(test["duration_s"], 0)
        self.assertLess(test["duration_s"], 2.1 * harness.SLOWER)
        self.assertIsNotNone(test["received"])
        self.assertGreater(test["received"]["packets"], 0)
        self.assertEqual(test["sent"]["packets"],
                         test["received"]["packets"] + test["loss"]["packets"])
        shown = "\n".join(text.out.lines)
        self.assertIn("=== Upload Bandwidth Test Results ===", shown)
        self.assertRegex(shown, r"(?i)incomplete|partial")
        self.assertRegex(shown, r"Sent +[\d.]+ \w+/s, [1-9]\d* packets")
        self.assertRegex(shown, r"Received +[\d.]+ \w+/s, [1-9]\d* packets")

    def test_stopped_for_two_seconds(self):
        harness.together(*[lambda mode=mode: self.stop_server(mode) for mode in MODES],
                         self.stop_client)

    def stop_server(self, mode):
        """The client's own lines serve as the clock."""
        server = self.server("--port-parallelability", mode)
        client = self.client(server, "--bwup", "--duration", "4", "--rate", "5M", "--interval", "0.5",
                             "--port-parallelability", mode)
        document = self.client(server, "--json", "--bwup", "--duration", "4", "--rate", "5M",
                               "--port-parallelability", mode)
        client.out.wait(harness.INTERVAL, count=2)
        server.out.wait("Client connected: .*", count=2)
        server.send_signal(signal.SIGSTOP)
        stopped = client.out.wait_time(harness.INTERVAL, count=2)
        resumed = client.out.wait_time(harness.INTERVAL, count=6)
        server.send_signal(signal.SIGCONT)
        self.assertAlmostEqual(resumed - stopped, 2, delta=0.4)
        for child in (client, document):
            self.assert_exit(child, 0)
        test = self.only_test(document.document())
        self.assertTrue(test["complete"])
        self.assert_balance(test)
        self.assertAlmostEqual(test["duration_s"], 4, delta=0.1 * harness.SLOWER)
        self.assertEqual(server.end(), 0, server)

    def stop_client(self):
        """It goes on where it was; what it could not send is not counted as sent."""
        server = self.server()
        clock = self.client(server, "--interval", "0.5")
        client = self.client(server, "--json", "--bwup", "--duration", "4", "--rate", "5M")
        clock.out.wait(harness.INTERVAL, count=2)
        server.out.wait("Client connected: .*", count=2)
        client.send_signal(signal.SIGSTOP)
        clock.out.wait(harness.INTERVAL, count=6)
        client.send_signal(signal.SIGCONT)
        self.assert_exit(client, 0)
        test = self.only_test(client.document())
        self.assertTrue(test["complete"])
        self.assert_balance(test)
        clock.kill()


if __name__ == "__main__":
    unittest.main()
