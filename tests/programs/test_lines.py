"""The lines that scripts match on: word for word, on the right stream, as they come; and --json,
which prints one document and nothing else."""
import json
import re
import socket
import unittest

import harness

ADDRESS = harness.ADDRESS
MILLISECONDS = r"\d+\.\d\d ms"
CLIENT_LATENCY = [r"Client latency %-9s: %s" % (name, MILLISECONDS) for name in harness.PORT_NAMES]
SERVER_LATENCY = [r"Server latency on %-9s to %s: %s" % (name, ADDRESS, MILLISECONDS)
                  for name in harness.PORT_NAMES]
CLIENT_OUT = ["Connecting to server " + ADDRESS, "Received port assignment:",
              "Client connected successfully", "=== Upload Bandwidth Test Results ==="]
CLIENT_VERBOSE = ["Client sent BWUP", "Client received BWUP ack from server",
                  "Client received FLOW_CONTROL"]
CLIENT_THREADS = r"Client started port threads \(THREAD mode\)"
SERVER_OUT = ["Server started on " + ADDRESS, "Client connected: " + ADDRESS]
SERVER_VERBOSE = ["Server received BWUP", "Server sent UCM",
                  "Server started upload bandwidth test", "Server sent FLOW_CONTROL"]
SERVER_THREADS = "Started port threads for client " + ADDRESS


class Lines(harness.Case):
    def upload(self, *flags, server_flags=()):
        server = self.server(*server_flags)
        client = self.client(server, "--bwup", "--duration", "1", "--rate", "5M", *flags)
        self.assert_exit(client, 0)
        server.err.wait("Upload test from %s: .* unique.*" % ADDRESS)
        self.assertEqual(server.end(), 0)
        return client, server

    def assert_has(self, stream, patterns):
        for pattern in patterns:
            self.assertTrue(stream.find(pattern), "%r\n%s" % (pattern, stream.text()))

    def assert_has_not(self, stream, patterns):
        for pattern in patterns:
            self.assertFalse(stream.find(pattern), "%r\n%s" % (pattern, stream.text()))

    def assert_order(self, stream, patterns):
        at = [next(i for i, line in enumerate(stream.lines) if re.fullmatch(pattern, line))
              for pattern in patterns]
        self.assertEqual(at, sorted(at), stream.text())

    def test_every_line(self):
        harness.together(self.run_quiet, self.run_verbose_threads, self.run_verbose_single)

    def run_quiet(self):
        client, server = self.upload()
        self.assert_has(client.out, CLIENT_OUT)
        self.assert_order(client.out, CLIENT_OUT)
        self.assert_has(client.err, CLIENT_LATENCY)
        self.assert_has_not(client.err, CLIENT_OUT + CLIENT_VERBOSE + [CLIENT_THREADS])
        self.assert_has_not(client.out, CLIENT_LATENCY + CLIENT_VERBOSE + [CLIENT_THREADS])
        self.assert_has(server.out, SERVER_OUT)
        self.assert_has(server.err, SERVER_LATENCY)
        self.assert_has_not(server.err, SERVER_OUT + SERVER_VERBOSE + [SERVER_THREADS])
        self.assert_has_not(server.out, SERVER_LATENCY + SERVER_VERBOSE + [SERVER_THREADS])

    def run_verbose_threads(self):
        flags = ("--test-verbose", "--port-parallelability", "THREAD")
        client, server = self.upload(*flags, server_flags=flags)
        self.assert_has(client.out, CLIENT_OUT)
        self.assert_has(client.err, CLIENT_LATENCY + CLIENT_VERBOSE + [CLIENT_THREADS])
        self.assert_order(client.err, [CLIENT_THREADS] + CLIENT_VERBOSE)
        self.assert_has_not(client.out, CLIENT_LATENCY + CLIENT_VERBOSE + [CLIENT_THREADS])
        self.assert_has(server.out, SERVER_OUT)
        self.assert_has(server.err, SERVER_LATENCY + SERVER_VERBOSE + [SERVER_THREADS])
        self.assert_order(server.err, [
            SERVER_THREADS, "Server received BWUP", "Server started upload bandwidth test",
            "Server sent FLOW_CONTROL"])
        self.assert_has_not(server.out, SERVER_LATENCY + SERVER_VERBOSE + [SERVER_THREADS])
        # The same client by the same name, everywhere.
        name = server.out.find("Client connected: (%s)" % ADDRESS)[0].group(1)
        self.assert_has(server.err, ["Started port threads for client " + re.escape(name)])
        self.assert_has(server.err, ["Server latency on CONTROL   to %s: .*" % re.escape(name)])
        # A line an event: about ten reports a second, one acknowledgement, one test.
        reports = len(client.err.find("Client received FLOW_CONTROL"))
        self.assertGreaterEqual(len(server.err.find("Server sent FLOW_CONTROL")), reports)
        self.assertGreaterEqual(reports, 5)
        self.assertEqual(len(client.err.find("Client received BWUP ack from server")), 1)
        self.assertEqual(len(server.err.find("Server started upload bandwidth test")), 1)

    def run_verbose_single(self):
        flags = ("--test-verbose", "--port-parallelability", "SINGLE")
        client, server = self.upload(*flags, server_flags=flags)
        self.assert_has(client.err, CLIENT_VERBOSE)
        self.assert_has_not(client.err, [CLIENT_THREADS])
        self.assert_has(server.err, SERVER_VERBOSE)
        self.assert_has_not(server.err, [SERVER_THREADS])

    def test_lines_come_as_they_are_printed(self):
        """A pipe is no reason to hold lines back."""
        server = self.server("--test-verbose")
        client = self.client(server, "--bwup", "--duration", "2", "--rate", "5M", "--interval", "0.5",
                             "--test-verbose")
        for stream, pattern in [
                (client.out, CLIENT_OUT[0]), (client.out, CLIENT_OUT[1]),
                (client.out, CLIENT_OUT[2]), (server.out, SERVER_OUT[1]),
                (server.err, SERVER_THREADS), (client.err, CLIENT_VERBOSE[1]),
                (client.err, CLIENT_VERBOSE[2]), (client.err, CLIENT_LATENCY[0]),
                (client.out, harness.INTERVAL),
                (server.err, SERVER_LATENCY[0])]:
            stream.wait(pattern)
        self.assertTrue(client.is_running())
        self.assertFalse(client.out.find(CLIENT_OUT[3]))
        self.assert_exit(client, 0)
        # Intervals don't arrive in one go: half a second lies between two of them.
        first = client.out.wait_time(harness.INTERVAL)
        third = client.out.wait_time(harness.INTERVAL, count=3)
        self.assertGreater(third - first, 0.7)

    def test_latency_of_every_heartbeat_run(self):
        """However short a run is, each port's latency has been printed."""
        server = self.server()
        for count in (1, 2):
            client = self.client(server, "--count", count, "--heartbeat-rate", "100")
            self.assert_exit(client, 0)
            self.assert_has(client.err, CLIENT_LATENCY)

    def test_ipv6(self):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind(("::1", 0))
            except OSError:
                self.skipTest("no ::1 here")
        port, _ = self.ports.take()
        first, last = self.ports.take(6)
        server = self.server_on("[::1]:%d" % port, "--port-ranges", "%d-%d" % (first, last))
        self.assertEqual(server.out.lines, ["Server started on [::1]:%d" % port])
        client = self.client("[::1]:%d" % port, "--count", "3", "--heartbeat-rate", "400")
        self.assert_exit(client, 0)
        self.assertEqual(client.out.lines[0], "Connecting to server [::1]:%d" % port)
        name = server.out.wait(r"Client connected: (\[::1\]:\d+)").group(1)
        for port_name in harness.PORT_NAMES:
            server.err.wait(r"Server latency on %-9s to %s: %s" % (
                port_name, re.escape(name), MILLISECONDS))

    def test_wildcard(self):
        port, _ = self.ports.take()
        first, last = self.ports.take(6)
        server = self.server_on(":%d" % port, "--port-ranges", "%d-%d" % (first, last))
        self.assertEqual(server.out.lines, ["Server started on 0.0.0.0:%d" % port])

    def test_no_answer(self):
        harness.together(self.time_out, self.receive_requests)

    def time_out(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            client = self.client("127.0.0.1:%d" % silent.getsockname()[1], "--connect-timeout", "0.3")
            self.assert_exit(client, 3)
            self.assert_has(client.err, ["Timeout waiting for server response"])
            self.assert_has(client.out, CLIENT_OUT[:1])
            self.assert_has_not(client.out, CLIENT_OUT[1:])

    def receive_requests(self):
        """Five times at least, and seven bytes, or these and a space and an extension."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            silent.settimeout(harness.DEADLINE_S)
            client = self.client("127.0.0.1:%d" % silent.getsockname()[1])
            for _ in range(5):
                request = silent.recv(65536)
                self.assertTrue(request == b"CONNECT" or request.startswith(b"CONNECT {"), request)
            self.assert_exit(client, 3)

    def test_json_is_all_of_stdout(self):
        """Of a heartbeat run, an upload, a server that isn't there, and a verbose run."""
        server = self.server()
        closed, _ = self.ports.take()
        rows = [(server, ["--count", "2", "--heartbeat-rate", "100"], 0, None),
                (server, ["--bwup", "--duration", "1", "--rate", "5M"], 0, None),
                (server, ["--count", "1", "--test-verbose"], 0, None),
                ("127.0.0.1:%d" % closed, ["--connect-timeout", "0.3"], 3, "timeout")]
        children = [(self.client(address, "--json", *flags), code, error)
                    for address, flags, code, error in rows]
        for child, code, error in children:
            self.assert_exit(child, code)
            text = "\n".join(child.out.lines) + "\n"
            document, end = json.JSONDecoder().raw_decode(text)
            self.assertEqual(text[end:], "\n")
            self.assertEqual(document["schema"], "wyndrvr/1")
            self.assertEqual(document["error"] and document["error"]["code"], error)
            if code == 0:
                self.assertEqual(child.err.lines, [])

    def test_json_comes_without_no_tui(self):
        server = self.server()
        child = self.start([harness.program("WYNDRVR"), server.address, "--json", "--count", "1"])
        self.assert_exit(child, 0)
        self.assertEqual(child.document()["error"], None)


if __name__ == "__main__":
    unittest.main()
