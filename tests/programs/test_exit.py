"""Exit codes and signals. 1, the incomplete test, has its cases in test_classic and test_silent."""
import os
import re
import signal
import socket
import unittest

import harness

SIGNALS = ((signal.SIGINT, 130), (signal.SIGTERM, 143))
MODES = ("SINGLE", "THREAD")

# Arguments, and how the one line on stderr begins.
BAD_CLIENT = [
    (["--no-such-flag"], "wyndrvr: --no-such-flag: unknown flag"),
    (["--duration", "0"], "wyndrvr: --duration: "),
    (["--duration"], "wyndrvr: --duration: needs a value"),
    (["--duration", "1.5"], "wyndrvr: --duration: "),
    (["--test-drop-rate", "1.1"], "wyndrvr: --test-drop-rate: "),
    (["--rate", "nan"], "wyndrvr: --rate: "),
    (["--port-parallelability", "PROCESS"], "wyndrvr: port_parallelability: PROCESS is not available"),
    (["--port-parallelability", "BOTH"], "wyndrvr: --port-parallelability: "),
    (["second:1"], "wyndrvr: second:1: a second address"),
    (["--config", "/nonexistent/file"], "wyndrvr: /nonexistent/file: "),
]
BAD_SERVER = [
    (["--json"], "wyndrvrd: --json: only wyndrvr takes this flag"),
    (["--bind-port", "70000"], "wyndrvrd: --bind-port: "),
    (["--port-ranges", "9-8"], "wyndrvrd: --port-ranges: "),
    (["--port-ranges", "6000-7000,6500-6600"], "wyndrvrd: --port-ranges: "),
    (["--connection-parallelibility", "PROCESS"],
     "wyndrvrd: connection_parallelibility: PROCESS is not available"),
    (["--config", "/nonexistent/file"], "wyndrvrd: /nonexistent/file: "),
]
BAD_FILES = [
    ("duration=1\nno_such_key=5\n", 2, "no_such_key"),
    ("# a comment\n\nheartbeat_rate=never\n", 3, "heartbeat_rate"),
    ("port_parallelability=PROCESS\n", 1, "port_parallelability"),
    ("duration=5\nduration=6\n", 2, "duration"),
    ("bind_port=6711\nport_ranges=6800-6900,6850\n", 2, "port_ranges"),
    ("duration=5\nnonsense\n", 2, ""),
    ("[server]\nduration=5\n", 1, ""),
]


class Exit(harness.Case):
    def assert_refused(self, child, begins):
        self.assert_exit(child, 2)
        self.assertEqual(child.out.lines, [], child)
        self.assertEqual(len(child.err.lines), 1, child)
        self.assertTrue(child.err.lines[0].startswith(begins), (begins, str(child)))

    def test_done(self):
        server = self.server()
        children = [self.client(server, "--count", "1"),
                    self.client(server, "--bwup", "--duration", "1", "--rate", "1M")]
        for child in children:
            self.assert_exit(child, 0)

    def test_bad_flags(self):
        children = [(self.client("127.0.0.1:9", *flags), begins) for flags, begins in BAD_CLIENT]
        children += [(self.start([harness.program("WYNDRVRD")] + flags), begins)
                     for flags, begins in BAD_SERVER]
        for child, begins in children:
            self.assert_refused(child, begins)

    def test_bad_files(self):
        children = []
        for i, (text, line, key) in enumerate(BAD_FILES):
            path = os.path.join(self.home, "config%d" % i)
            with open(path, "w") as file:
                file.write(text)
            place = "%s:%d: %s" % (path, line, key)
            children += [(self.start([harness.program(name), "--config", path]), word + place)
                         for name, word in (("WYNDRVR", "wyndrvr: "), ("WYNDRVRD", "wyndrvrd: "))]
        for child, begins in children:
            self.assert_refused(child, begins)

    def test_address_of_the_server(self):
        """An address that is taken is a failure, and named; one that is invalid is a wrong setting."""
        server = self.server()
        ranges = "%d-%d" % self.ports.take(3)
        second = self.start([harness.program("WYNDRVRD"), server.address, "--port-ranges", ranges])
        self.assert_exit(second, 1)
        self.assertEqual(second.out.lines, [])
        self.assertIn(server.address, second.err.lines[0])
        self.assertIn("Address already in use", second.err.lines[0])
        none = self.start([harness.program("WYNDRVRD"), "--bind-addr", "192.0.2.300"])
        self.assert_exit(none, 2)
        self.assertIn("192.0.2.300", none.err.lines[0])

    def test_no_server(self):
        closed = self.ports.take()[0]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            addresses = ["127.0.0.1:%d" % closed, "127.0.0.1:%d" % silent.getsockname()[1]]
            children = [self.client(a, "--connect-timeout", "0.5", *flags)
                        for a in addresses for flags in ([], ["--bwup"], ["--json"])]
            for child in children:
                self.assert_exit(child, 3)

    def test_ports_without_a_server(self):
        """An answer, and then nobody on the ports."""
        first, _ = self.ports.take(3)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as half:
            half.bind(("127.0.0.1", 0))
            half.settimeout(harness.DEADLINE_S)
            client = self.client("127.0.0.1:%d" % half.getsockname()[1], "--connect-timeout", "1")
            _, address = half.recvfrom(65536)
            half.sendto(b"%d,%d,%d,17" % (first, first + 1, first + 2), address)
            self.assert_exit(client, 3)
            self.assertTrue(client.out.find("Received port assignment:"), client)
            self.assertTrue(client.err.find("Timeout waiting for server response"), client)

    def test_server_that_starts_later(self):
        address = "127.0.0.1:%d" % self.ports.take()[0]
        client = self.client(address, "--count", "1", "--test-verbose")
        client.out.wait("Connecting to server .*")
        self.server_on(address, "--port-ranges", "%d-%d" % self.ports.take(3))
        self.assert_exit(client, 0)

    # Signals to the client

    def test_interrupted_upload(self):
        """What has been measured so far is reported, and marked as partial."""
        harness.together(*[lambda mode=mode, number=number, code=code:
                           self.interrupt_upload(mode, number, code)
                           for mode in MODES for number, code in SIGNALS])

    def interrupt_upload(self, mode, number, code):
        server = self.server("--port-parallelability", mode)
        flags = ["--bwup", "--duration", "30", "--rate", "5M", "--port-parallelability", mode,
                 "--test-verbose"]
        text = self.client(server, *flags)
        document = self.client(server, "--json", *flags)
        text.err.wait("Client received FLOW_CONTROL", count=5)
        server.err.wait("Upload test from .*: channel .*", count=2)
        text.err.wait("Client received FLOW_CONTROL", count=10)
        for child in (text, document):
            child.send_signal(number)
        for child in (text, document):
            self.assert_exit(child, code, harness.END_S)
        self.assert_partial_text(text)
        self.assert_partial_document(document.document())

    def assert_partial_text(self, child):
        text = "\n".join(child.out.lines)
        self.assertIn("=== Upload Bandwidth Test Results ===", text)
        self.assertRegex(text, r"(?i)incomplete|partial")
        self.assertRegex(text, r"Sent +[\d.]+ \w+/s, [1-9]\d* packets")
        self.assertRegex(text, r"Received +[\d.]+ \w+/s, [1-9]\d* packets")

    def assert_partial_document(self, document):
        self.assertEqual(document["error"]["code"], "interrupted")
        test = self.only_test(document)
        self.assertFalse(test["complete"])
        self.assertGreater(test["sent"]["packets"], 0)
        self.assertGreater(test["duration_s"], 0)
        self.assertLess(test["duration_s"], 25)
        # FLOW_CONTROL has come: what it shows is known.
        self.assertIsNotNone(test["received"])
        self.assertGreater(test["received"]["packets"], 0)
        self.assertEqual(test["sent"]["packets"],
                         test["received"]["packets"] + test["loss"]["packets"])
        for latency in document["end"]["latency"].values():
            self.assertGreater(latency["idle"]["n"] + latency["loaded"]["n"], 0)

    def test_interrupted_heartbeats(self):
        server = self.server()
        for number, code in SIGNALS:
            client = self.client(server, "--heartbeat-rate", "50")
            client.out.wait("Client connected successfully")
            client.err.wait("Client latency CONTROL  : .*")
            self.assertEqual(client.end(number), code, client)
            for name in harness.PORT_NAMES:
                self.assertTrue(client.out.find(r"  %-9s idle +[1-9]\d* .*" % name), client)

    def test_interrupted_while_it_asks(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            for number, code in SIGNALS:
                client = self.client("127.0.0.1:%d" % silent.getsockname()[1])
                client.out.wait("Connecting to server .*")
                self.assertEqual(client.end(number), code, client)

    def each_signal(self, scenario):
        harness.together(*[lambda number=number, code=code: scenario(number, code)
                           for number, code in SIGNALS])

    @harness.needs_handlers
    def test_second_signal(self):
        self.each_signal(self.end_while_it_writes)

    def end_while_it_writes(self, number, code):
        """The second signal ends a client at once that can't get rid of its report."""
        server = self.server()
        client = self.client(server, "--json", "--interval", "0.05", "--heartbeat-rate", "20",
                             unread="out")
        server.out.wait("Client connected: .*")
        clock = self.client(server, "--interval", "0.25")
        # A second of intervals is a document larger than the pipe.
        clock.out.wait(harness.INTERVAL, count=4)
        client.send_signal(number)
        harness.until(lambda: client.out.waiting_bytes() == harness.SMALL_PIPE, "a full pipe")
        # Within a moment of the first one it would count as the same; a second later it would
        # end by itself.
        seen = len(clock.out.lines)
        harness.until(lambda: len(clock.out.lines) >= seen + 2, "two lines of the clock")
        client.send_signal(number)
        self.assertEqual(client.wait(harness.END_S), code, client)
        clock.kill()

    @harness.needs_handlers
    def test_nobody_reads(self):
        self.each_signal(self.end_unread)

    def end_unread(self, number, code):
        """Lines that nobody reads are no reason to outlive two signals."""
        server = self.server()
        client = self.client(server, "--interval", "0.05", "--heartbeat-rate", "20", unread="out")
        harness.until(lambda: client.out.waiting_bytes() > harness.SMALL_PIPE - 100, "a full pipe")
        clock = self.client(server, "--interval", "0.5")
        clock.out.wait(harness.INTERVAL)
        client.send_signal(number)
        clock.out.wait(harness.INTERVAL, count=2)
        if client.is_running():
            client.send_signal(number)
        self.assertEqual(client.wait(harness.END_S), code, client)
        clock.kill()

    # Signals to the server

    def end_server(self, mode, number):
        server = self.server("--port-parallelability", mode)
        idle = self.client(server, "--count", "1", "--heartbeat-rate", "50")
        self.assert_exit(idle, 0)
        uploading = self.client(server, "--bwup", "--duration", "30", "--rate", "5M",
                                "--test-verbose")
        uploading.err.wait("Client received FLOW_CONTROL", count=5)
        names = [m.group(1) for m in server.out.find("Client connected: (.*)")]
        self.assertEqual(len(names), 2)
        self.assertEqual(server.end(number), 0, server)
        for name in names:
            for port in harness.PORT_NAMES:
                found = server.err.find(
                    r"Latency summary %s %-9s: n (\d+), lost (\d+), min [\d.]+, mean [\d.]+, "
                    r"p50 [\d.]+, p99 [\d.]+, max [\d.]+, jitter [\d.]+ ms" % (re.escape(name), port))
                self.assertEqual(len(found), 1, server)
                self.assertGreater(int(found[0].group(1)), 0, server)
        uploading.kill()

    def test_server_ends(self):
        harness.together(*[lambda mode=mode, number=number: self.end_server(mode, number)
                           for mode in MODES for number, _ in SIGNALS])

    def test_server_ends_without_clients(self):
        for number, _ in SIGNALS:
            server = self.server()
            self.assertEqual(server.end(number), 0, server)
            self.assertEqual(server.err.lines, [])

    @harness.needs_handlers
    def test_server_whose_log_nobody_reads(self):
        """The log's lines are lost, the service is not, and a signal ends it as ever."""
        server = self.server("--test-verbose", "--adjustment-delay", "10", unread="err")
        client = self.client(server, "--bwup", "--duration", "30", "--rate", "1M", "--interval", "0.5")
        client.out.wait(harness.INTERVAL, count=3)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(harness.END_S), 0, server)
        client.kill()

    def test_server_and_two_signals(self):
        """Sent together they count as one: it ends in order."""
        server = self.server()
        client = self.client(server, "--bwup", "--duration", "30", "--rate", "5M", "--test-verbose")
        client.err.wait("Client received FLOW_CONTROL")
        server.send_signal(signal.SIGTERM)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(harness.END_S), 0, server)
        client.kill()


if __name__ == "__main__":
    unittest.main()
