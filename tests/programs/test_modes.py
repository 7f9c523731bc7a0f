"""SINGLE and THREAD on both sides: the same results, with the documented number of threads."""
import unittest

import harness

PORT_THREADS = {"SINGLE": 0, "THREAD": 3}
SERVERS = {
    "SINGLE": (["--port-parallelability", "SINGLE"], 0),
    "THREAD": (["--port-parallelability", "THREAD"], 3),
    "CONNECTION": (["--port-parallelability", "SINGLE", "--connection-parallelibility", "THREAD"], 1),
}
IP_AND_UDP_BYTES = 28

# Every name of the JSON document, with the types of its value.
NUMBER = (int, float)
TEXT = (str,)
MAYBE_NUMBER = NUMBER + (type(None),)
LATENCY = {"n": (int,), "lost": (int,), "min_us": NUMBER, "mean_us": NUMBER, "p50_us": NUMBER,
           "p90_us": NUMBER, "p99_us": NUMBER, "max_us": NUMBER, "jitter_us": NUMBER}
SUM = {"bytes": (int,), "bits_per_second": NUMBER, "packets": (int,), "lost_packets": (int,),
       "lost_percent": NUMBER}
TEST = {
    "direction": TEXT, "channel": (int,), "duration_s": NUMBER, "complete": (bool,),
    "sent": {"packets": (int,), "bytes": (int,), "bits_per_second": NUMBER},
    "received": {"packets": (int,), "bytes": (int,), "bits_per_second": NUMBER,
                 "ip_bits_per_second": NUMBER, "unique_packets": (int,), "duplicates": (int,),
                 "reordered": (int,)},
    "retransmitted_packets": (int,),
    "loss": {"packets": (int,), "percent": NUMBER},
}
INTERVAL = {
    "start": NUMBER, "end": NUMBER, "seconds": NUMBER,
    "sent": {"packets": (int,), "bytes": (int,), "bits_per_second": NUMBER, "lost_packets": (int,),
             "retransmitted_packets": (int,)},
    "latency_us": {"control": MAYBE_NUMBER, "upload": MAYBE_NUMBER, "download": MAYBE_NUMBER},
}
OPTIONS = (
    "adjustment_delay", "bind_addr", "bind_port", "bw_packet_length", "client_block_time",
    "connect_timeout", "connection_parallelibility", "duration", "flow_control_rate",
    "heartbeat_rate", "incoming_blocking_level", "incoming_sleep", "interval", "max_send_time",
    "packet_length", "port_parallelability", "port_ranges", "rate", "send_sleep",
    "server_block_time", "test_delay", "test_drop_rate", "test_verbose", "ucm_delay", "ucm_rate")
DOCUMENT = {
    "schema": TEXT,
    "start": {"version": TEXT, "timestamp": TEXT, "server": TEXT, "classic": (bool,), "mode": TEXT,
              "ports": {"control": (int,), "upload": (int,), "download": (int,)},
              "options": {name: (int, float, str, bool) for name in OPTIONS}},
    "intervals": [INTERVAL],
    "end": {"tests": [TEST], "sum_sent": SUM, "sum_received": SUM,
            "latency": {name: {"idle": LATENCY, "loaded": LATENCY}
                        for name in ("control", "upload", "download")}},
    "warnings": [TEXT],
    "error": (type(None),),
}


def misfits(value, shape, path="document"):
    """Where a value does not match its shape: names that are missing, types that are wrong."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return ["%s: %r is no object" % (path, value)]
        out = ["%s.%s: not there" % (path, name) for name in shape if name not in value]
        for name in shape:
            if name in value:
                out += misfits(value[name], shape[name], "%s.%s" % (path, name))
        return out
    if isinstance(shape, list):
        if not isinstance(value, list):
            return ["%s: %r is no array" % (path, value)]
        return [text for i, item in enumerate(value)
                for text in misfits(item, shape[0], "%s[%d]" % (path, i))]
    return [] if type(value) in shape else ["%s: %r" % (path, value)]


class Modes(harness.Case):
    def run_pair(self, server_mode, client_mode):
        flags, threads_each = SERVERS[server_mode]
        server = self.server(*flags)
        self.assertEqual(server.threads(), 1)
        self.upload(server, client_mode, threads_each)
        self.heartbeats(server, client_mode, threads_each)
        self.assertEqual(server.end(), 0, server)

    def upload(self, server, mode, server_threads):
        client = self.client(server, "--json", "--bwup", "--duration", "1", "--rate", "20M",
                             "--port-parallelability", mode)
        name = server.out.wait("Client connected: (%s)" % harness.ADDRESS).group(1)
        harness.until(lambda: server.threads() == 1 + server_threads, "threads of the server")
        harness.until(lambda: client.threads() == 1 + PORT_THREADS[mode], "threads of the client")
        self.assert_exit(client, 0)
        document = client.document()
        # A port that has seen only heartbeats has null for the traffic.
        document["intervals"] = [i for i in document["intervals"] if i["sent"] is not None]
        self.assertTrue(document["intervals"])
        self.assertEqual(misfits(document, DOCUMENT), [])
        self.assertEqual(document["start"]["mode"], mode)
        self.assertEqual(document["start"]["server"], server.address)
        self.assertEqual(len(set(document["start"]["ports"].values())), 3)
        test = self.only_test(document)
        self.assert_upload(test)
        for latency in document["end"]["latency"].values():
            self.assertGreater(latency["loaded"]["n"], 0)
        self.assert_same_result(server, name, test)

    def assert_upload(self, test):
        self.assertTrue(test["complete"])
        self.assertEqual(test["direction"], "up")
        self.assertGreater(test["received"]["packets"], 0)
        self.assertAlmostEqual(test["duration_s"], 1, delta=0.05 * harness.SLOWER)
        self.assert_balance(test)

    def assert_same_result(self, server, name, test):
        server.err.wait("Upload test from %s: channel %d, 1 s" % (name, test["channel"]))
        numbers = server.err.wait(
            r"Upload test from %s: [\d.]+ Mbit/s, (\d+) packets, (\d+) unique, (\d+) duplicates, "
            r"(\d+) reordered" % name).groups()
        names = ("packets", "unique_packets", "duplicates", "reordered")
        self.assertEqual([int(n) for n in numbers], [test["received"][n] for n in names])

    def heartbeats(self, server, mode, server_threads):
        client = self.client(server, "--json", "--count", "2", "--heartbeat-rate", "100",
                             "--port-parallelability", mode)
        server.out.wait("Client connected: %s" % harness.ADDRESS, count=2)
        # The session of the client before lives on until its silence is long enough.
        harness.until(lambda: server.threads() == 1 + 2 * server_threads, "threads of the server")
        self.assert_exit(client, 0)
        document = client.document()
        self.assertEqual(document["end"]["tests"], [])
        for port, latency in document["end"]["latency"].items():
            self.assertEqual((latency["idle"]["n"], latency["idle"]["lost"]), (2, 0), port)
            ordered = [latency["idle"][n]
                       for n in ("min_us", "p50_us", "p90_us", "p95_us", "p99_us", "max_us")]
            self.assertEqual(ordered, sorted(ordered), port)
        for port in harness.PORT_NAMES:
            server.err.wait(r"Server latency on %-9s to %s: \d+\.\d\d ms" % (port, harness.ADDRESS))

    def run_both_clients(self, server_mode):
        harness.together(lambda: self.run_pair(server_mode, "SINGLE"),
                         lambda: self.run_pair(server_mode, "THREAD"))

    def test_single_server(self):
        self.run_both_clients("SINGLE")

    def test_thread_server(self):
        self.run_both_clients("THREAD")

    def test_server_with_a_thread_for_each_client(self):
        self.run_both_clients("CONNECTION")

    def test_unlimited_rate(self):
        """As fast as it can: what is lost on the way is counted, and nothing else is missing."""
        for mode, (flags, _) in SERVERS.items():
            server = self.server(*flags)
            client = self.client(server, "--json", "--bwup", "--duration", "1")
            self.assert_exit(client, 0)
            self.assert_upload(self.only_test(client.document()))
            self.assertEqual(server.end(), 0, mode)

    def test_budget(self):
        """A test in either direction ends with the last datagram that its budget has room for, and is whole."""
        server = self.server()
        client = self.client(server, "--json", "--bwup", "--bwdown", "--duration", "20", "--rate", "20M",
                             "--budget", "500kB")
        self.assert_exit(client, 0)
        document = client.document()
        self.assertEqual(document["start"]["options"]["budget"], 500000)
        self.assertEqual([t["direction"] for t in document["end"]["tests"]], ["up", "down"])
        for test in document["end"]["tests"]:
            sent = test["sent"]
            whole = sent["bytes"] // sent["packets"] + IP_AND_UDP_BYTES
            self.assertEqual(sent["packets"], 500000 // whole)
            self.assertEqual((test["complete"], test["ended_by"]), (True, "budget"))
            self.assertLess(test["duration_s"], 15)
            self.assert_balance(test)

    def test_first_packets_count(self):
        """Data that comes on the heels of the acknowledgement is counted, even by a server whose
        ports look at their sockets and mail late."""
        harness.together(*[lambda mode=mode, late_us=late_us: self.run_late(mode, late_us)
                           for mode, late_us in (("SINGLE", 5000), ("THREAD", 50000),
                                                 ("CONNECTION", 5000))])

    def run_late(self, mode, late_us):
        server = self.server("--incoming-sleep", late_us, *SERVERS[mode][0], ports=30)
        clients = [self.client(server, "--json", "--bwup", "--duration", "1", "--rate", "5M")
                   for _ in range(10)]
        for client in clients:
            self.assert_exit(client, 0)
        lost = [self.only_test(c.document())["loss"]["packets"] for c in clients]
        self.assertEqual(lost, [0] * len(clients), mode)

    def test_many_clients(self):
        harness.together(*[lambda mode=mode: self.run_swarm(mode) for mode in SERVERS])

    def run_swarm(self, mode, clients=10):
        flags, threads_each = SERVERS[mode]
        server = self.server(*flags, ports=3 * clients)
        swarm = self.start([harness.program("SWARM"), server.address, "--clients", clients,
                            "--interval", "0.1", "--seconds", "0.5", "--ramp", "0.2", "--json"])
        server.out.wait("Client connected: .*", count=clients)
        harness.until(lambda: server.threads() == 1 + clients * threads_each, mode)
        swarm.wait()
        seen = swarm.document()
        self.assertEqual(seen["connected"], clients)
        self.assertGreaterEqual(seen["heartbeats_sent"], 3 * clients)
        self.assertGreaterEqual(seen["heartbeats_answered"], seen["heartbeats_sent"])
        self.assertEqual(server.end(), 0, server)


if __name__ == "__main__":
    unittest.main()
