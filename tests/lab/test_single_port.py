"""A firewall that lets in one UDP port, and --single-port for such a one."""

import signal

from lab import MAIN_PORT, Case, figure, main

DIRECTIONS = {"up": "--bwup", "down": "--bwdown", "both": "--bwboth"}


class SinglePort(Case):
    def setUp(self):
        super().setUp()
        self.lab.nft("""table ip firewall {
            counter refused {}
            chain forward {
                type filter hook forward priority -10; policy drop;
                ct state established,related accept
                iifname "to_client" udp dport %d accept
                counter name "refused"
            }
        }""" % MAIN_PORT)

    def test_all_through_one_port(self):
        server = self.server("--single-port")
        for name, flag in DIRECTIONS.items():
            for mode in ("THREAD", "SINGLE") if name == "both" else ("THREAD",):
                with self.subTest(name, mode=mode):
                    document = self.measure(flag, "--rate", "5M", "--duration", 1, "--port-parallelability", mode)
                    self.assertEqual(set(document["start"]["ports"].values()), {MAIN_PORT})
                    for test in document["end"]["tests"]:
                        self.assert_balance(test)
                        self.assert_agreed(test, server)
                        self.assertEqual(test["loss"]["packets"], 0, test)
                    figure("single_port_%s_%s" % (name, mode), ", ".join("%s %.3f Mbit/s" % (
                        t["direction"], t["received"]["bits_per_second"] / 1e6)
                        for t in document["end"]["tests"]))
        self.assertEqual(self.lab.counters("ip firewall")["refused"], 0)
        self.assert_exit(self.client("--count", 3, "--heartbeat-rate", 50), 0)

    def test_several_clients_at_once(self):
        server = self.server("--single-port", "--max-downloads-per-address", 6)
        clients = [self.client("--json", "--bwboth", "--rate", "2M", "--duration", 1) for _ in range(6)]
        for client in clients:
            self.assert_exit(client, 0)
            tests = client.document()["end"]["tests"]
            self.assertEqual(len(tests), 2)
            for test in tests:
                self.assert_agreed(test, server)
                self.assertEqual(test["loss"]["packets"], 0, test)

    def test_addresses_of_one_that_is_gone(self):
        """A new client has the addresses of one that was killed, and whose session the server still has."""
        server = self.server("--single-port")
        self.lab.on("client", "sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40003")
        gone = self.client("--count", 0, "--heartbeat-rate", 50)
        for name in ("CONTROL", "UPLOAD", "DOWNLOAD"):
            server.err.wait("Server latency on %s.*" % name)
        gone.end(signal.SIGKILL)
        self.assert_exit(self.client("--count", 3, "--heartbeat-rate", 50), 0)

    def test_three_ports_behind_it(self):
        self.server()
        client = self.client("--bwup", "--duration", 1, "--connect-timeout", 1.5)
        self.assert_exit(client, 3)
        client.err.wait(".*assigned ports, but not all of them answered: a firewall in between.*")
        figure("three_ports_behind_a_firewall", "exit 3, %d packets refused" %
               self.lab.counters("ip firewall")["refused"])


if __name__ == "__main__":
    main()
