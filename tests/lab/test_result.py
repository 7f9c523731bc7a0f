"""The one agreed result: what both ends say about a test against what the router has counted."""
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from lab import DATA, LENGTH, MAIN_PORT, SANITIZED, SLOWER, Case, figure, main, number_of, program

DIRECTIONS = {"up": ("--bwup", ["up"]), "down": ("--bwdown", ["down"]),
              "both": ("--bwboth", ["up", "down"])}
RATE = "20M"


class Result(Case):
    def run_test(self, flag, *more, **where):
        return self.measure(flag, "--duration", 1, "--rate", RATE, *more, **where)["end"]["tests"]

    def test_loss_on_the_path(self):
        server = self.server()
        self.lab.data_loss(30)
        for name, (flag, ways) in DIRECTIONS.items():
            with self.subTest(name):
                before = self.lab.counters()
                tests = self.run_test(flag)
                after = self.lab.counters()
                self.assertEqual(sorted(t["direction"] for t in tests), sorted(ways))
                for test in tests:
                    lost = "%s_data_lost" % test["direction"]
                    counted = after[lost] - before[lost]
                    figure("loss_%s_%s" % (name, test["direction"]), "sent %d, path %d, router %d" % (
                        test["sent"]["packets"], test["loss"]["path"], counted))
                    self.assertGreater(counted, 0)
                    self.assertEqual(test["loss"]["path"], counted)
                    self.assertEqual(test["loss"]["packets"], counted)
                    self.assertGreater(test["retransmitted_packets"], 0)
                    self.assert_balance(test)
                    self.assert_agreed(test, server)

    def test_doubled_by_the_path(self):
        self.lab.nft("""table ip doubles {
            counter up {}
            counter down {}
            chain forward {
                type filter hook forward priority 10;
                %(data)s iifname "to_client" numgen random mod 100 < 5 counter name "up" \
                    dup to 10.77.2.1 device "to_server"
                %(data)s iifname "to_server" numgen random mod 100 < 5 counter name "down" \
                    dup to 10.77.1.1 device "to_client"
            }
        }""" % {"data": DATA})
        server = self.server()
        tests = self.run_test("--bwboth")
        counted = self.lab.counters("ip doubles")
        self.assertEqual(len(tests), 2)
        for test in tests:
            received = test["received"]
            figure("doubled_%s" % test["direction"], "client %d, router %d" % (
                received["network_duplicates"], counted[test["direction"]]))
            self.assertGreater(counted[test["direction"]], 0)
            self.assertEqual(received["network_duplicates"], counted[test["direction"]])
            self.assertEqual((received["duplicates"], received["reordered"]), (0, 0), test)
            self.assertEqual(received["packets"], test["sent"]["packets"])
            self.assertEqual(test["loss"]["packets"], 0, test)
            self.assert_balance(test)
            self.assert_agreed(test, server)

    def test_relay_doubles_and_reorders(self):
        server = self.server("--port-ranges", "7000-7008")
        relay = self.start("router", [
            program("RELAY"), "--listen", "10.77.1.254", "--server", "10.77.2.1", "--ports",
            "%d,7000-7008" % MAIN_PORT, "--duplicate", "0.05", "--reorder", "0.05",
            "--reorder-ms", "3"])
        relay.out.wait("Relay ready")
        test = self.run_test("--bwup", to="10.77.1.254")[0]
        self.assert_exit_of_relay(relay)
        port = next(p for p in relay.last_object()["ports"] if p["up"]["received"] > 1000)
        figure("relay_doubled", "client %d, relay %d" % (
            test["received"]["network_duplicates"], port["up"]["duplicated"]))
        self.assertEqual(test["loss"]["packets"], 0, test)
        # The relay doubles heartbeats of that port as well: a few.
        self.assertLessEqual(test["received"]["network_duplicates"], port["up"]["duplicated"])
        self.assertGreaterEqual(test["received"]["network_duplicates"], port["up"]["duplicated"] - 20)
        self.assertGreater(test["received"]["reordered"], 0)
        self.assert_balance(test)
        self.assert_agreed(test, server)

    def assert_exit_of_relay(self, relay):
        self.assertEqual(relay.end(), 0, str(relay))

    def test_lost_by_the_receivers_host(self):
        for flag in ("--bwup", "--bwdown"):
            with self.subTest(flag):
                self.lab.sh("zero")
                self.lose_at_receiver(flag)

    def lose_at_receiver(self, flag):
        server = self.server("--bind-port", 6712 if flag == "--bwup" else 6713,
                             small_buffers=True)
        client = self.client("--json", "--packet-length", LENGTH, flag, "--rate", "400M",
                             "--duration", 1, to="10.77.2.1:%s" % server.arguments[-1], small_buffers=True)
        receiver = server if flag == "--bwup" else client
        self.wait_for_load(5000)
        receiver.send_signal(signal.SIGSTOP)
        time.sleep(0.3)  # the fault itself
        receiver.send_signal(signal.SIGCONT)
        self.assert_exit(client, 0)
        test = client.document()["end"]["tests"][0]
        figure("receiver_host_%s" % flag[4:], "sent %d, lost %s" % (test["sent"]["packets"], {
            k: v for k, v in test["loss"].items() if k != "percent"}))
        self.assert_balance(test)
        self.assert_agreed(test, server)
        self.assertEqual(test["loss"]["path"], 0, test)
        if not SANITIZED:  # a slow build may not fill the buffer
            self.assertGreater(test["loss"]["receiver_host"], 0, test)

    def test_caps_are_shown(self):
        server = self.server("--max-rate", "5M", "--max-duration", 1)
        for test in self.measure("--bwboth", "--rate", "20M", "--duration", 3)["end"]["tests"]:
            self.assertEqual(test["asked"], {"bits_per_second": 20000000, "duration_s": 3})
            self.assertEqual(test["granted"], {"bits_per_second": 5000000, "duration_s": 1})
            measured = test["sent"]["bits_per_second"]
            figure("capped_%s" % test["direction"], "asked 20 Mbit/s, granted 5, measured %.3f" % (measured / 1e6))
            self.assertLess(measured, 5.5e6)
            self.assert_agreed(test, server)
        client = self.client("--bwdown", "--rate", "20M", "--duration", 3)
        self.assert_exit(client, 0)
        client.out.wait(r"  server's limits: rate 5\.000 Mbit/s, duration 1 s")
        client.out.wait(r"  Rate +asked 20\.00 Mbit/s, granted 5\.000 Mbit/s")

    def test_half_of_all_lost_both_ways(self):
        runs = number_of("RUNS", 20)
        server = self.server("--max-downloads-per-address", 64, "--max-sessions-per-address", 1000)
        self.lab.data_loss(500)
        slowest = 0

        def once(index):
            flag = list(DIRECTIONS.values())[index % 3][0]
            client = self.client("--json", "--packet-length", LENGTH, flag, "--rate", "2M", "--duration", 1,
                                 "--connect-timeout", 20)
            code = client.wait(60 * SLOWER)
            return client, code, time.monotonic() - client.started

        with ThreadPoolExecutor(20) as pool:
            ends = list(pool.map(once, range(runs)))
        for client, code, seconds in ends:
            self.assertEqual(code, 0, str(client))
            for test in client.document()["end"]["tests"]:
                self.assert_balance(test)
                self.assert_agreed(test, server)
            slowest = max(slowest, seconds)
        hashes = {m.group(1) for m in (re.search("result ([0-9a-f]{12})$", line)
                                       for line in server.err.lines) if m}
        figure("half_lost", "%d runs with a result, %d records, slowest %.1f s" % (
            runs, len(hashes), slowest))


if __name__ == "__main__":
    main()
