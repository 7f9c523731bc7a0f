"""A client's address may change under a test, and nobody else's packets may change it: NAT bindings that
are lost, packets replayed from another host, guesses, and a whole capture again after a restart."""
import random
import time

from lab import (BANDWIDTH_TEST, CLIENT, DATA, LENGTH, MAIN_PORT, OTHER, SERVER, SLOWER, Capture, Case,
                 figure, main, number_of, udp_packet)

NAT = """table ip nat {
    chain out {
        type nat hook postrouting priority 100;
        oifname "to_server" meta l4proto udp snat to 10.77.2.254:%s
    }
}"""
RATE = 20000000


class Rebind(Case):
    def start_test(self, flag, duration_s, rate=RATE):
        client = self.client("--json", flag, "--duration", duration_s, "--rate", rate,
                             "--packet-length", LENGTH, "--connect-timeout", 10)
        self.wait_for_load(200)
        return client

    def rebind(self, name, flags):
        server = self.server(*flags)
        self.lab.nft(NAT % "20000-20999")
        client = self.start_test("--bwboth", 3)
        time.sleep(1)  # the load is on
        self.lab.nft("flush chain ip nat out\n" + NAT % "30000-30999")
        self.lab.forget_connections()
        self.assert_exit(client, 0)
        tests = client.document()["end"]["tests"]
        self.assertEqual(len(tests), 2)
        for test in tests:
            self.assert_balance(test)
            self.assert_agreed(test, server)
            sent = test["sent"]["packets"]
            share = test["loss"]["packets"] / sent
            figure("rebind_%s_%s" % (name, test["direction"]), "sent %d, lost %.1f %%, %.2f of 3 s" % (
                sent, 100 * share, test["duration_s"]))
            self.assertGreater(test["duration_s"], 2.9)
            # What was under way until the new address had proven itself is lost, not more.
            self.assertGreater(share, 0)
            self.assertLess(share, 0.25 * SLOWER)

    def test_nat_changes_the_port(self):
        self.rebind("thread", ())

    def test_nat_changes_the_port_single_port(self):
        self.rebind("single_port", ("--single-port",))

    def watch_other(self):
        """Counts data packets, and all others, that go to the other host."""
        self.lab.other()
        self.lab.nft("""table ip watch {
            counter data {}
            counter others {}
            chain forward {
                type filter hook forward priority 20;
                oifname "to_other" %s counter name "data"
                oifname "to_other" udp length != %d counter name "others"
            }
        }""" % (DATA, LENGTH + 8))

    def replay(self, name, flags):
        """Another host sees each packet of the client and sends it as its own at once, and again
        later. A third of them never reach the server from the client itself."""
        self.watch_other()
        server = self.server(*flags)
        self.lab.sh("loss", 300, "up")
        other, seen, sent = self.lab.udp("other"), [], [0]

        def echo(packet):
            if packet.source[0] == CLIENT and packet.type != BANDWIDTH_TEST:
                other.sendto(packet.payload, packet.target)
                seen.append(packet)
                sent[0] += 1
                return True
            return False

        capture = Capture(self.lab, "to_client", echo)
        client = self.start_test("--bwdown", 2)
        time.sleep(1)  # there is something to replay
        raw, again = self.lab.raw("other"), list(seen)
        for packet in again:
            raw.sendto(udp_packet((OTHER, packet.source[1]), packet.target, packet.payload), (SERVER, 0))
        raw.close()
        self.assert_exit(client, 0)
        capture.stop()
        other.close()
        test = client.document()["end"]["tests"][0]
        counted = self.lab.counters("ip watch")
        figure("replay_%s" % name, "%d packets from another host, data packets to it %d, others %d" % (
            sent[0] + len(again), counted["data"], counted["others"]))
        self.assertGreater(sent[0], 100)
        self.assertEqual(counted["data"], 0)
        self.assert_agreed(test, server)
        self.assert_balance(test)
        self.assertEqual(test["loss"]["packets"], 0, test)

    def test_replay_from_another_host(self):
        self.replay("thread", ())

    def test_replay_from_another_host_single_port(self):
        self.replay("single_port", ("--single-port",))

    def test_blind_guesses(self):
        """Messages of each kind from the client's own address, without its secret."""
        server = self.server()
        capture = Capture(self.lab, "to_client", lambda p: p.type != BANDWIDTH_TEST)
        client = self.start_test("--bwboth", 2)
        self.wait_for_load(2000)  # its packets show addresses, key and channels
        samples = [p for p in list(capture.packets) if p.source[0] == CLIENT and p.target[1] != MAIN_PORT]
        raw, count = self.lab.raw("client"), number_of("COUNT", 40000)
        rng = random.Random(7)
        for i in range(count):
            model = samples[i % len(samples)]
            payload = bytearray(model.payload[:-16]) + rng.randbytes(16)
            if i % 3:
                payload[12:20] = rng.randbytes(8)  # the counter
            raw.sendto(udp_packet(model.source, model.target, bytes(payload)), (SERVER, 0))
        raw.close()
        self.assert_exit(client, 0, 60 * SLOWER)
        capture.stop()
        for test in client.document()["end"]["tests"]:
            self.assert_balance(test)
            self.assert_agreed(test, server)
            self.assertGreater(test["duration_s"], 1.9)
        figure("blind_guesses", "%d, tests unharmed %d" % (count, len(client.document()["end"]["tests"])))

    def test_capture_again(self):
        """All that a client ever sent is sent again with its own addresses: to the same server, and to it
        after a restart."""
        server = self.server()
        self.lab.drop_icmp()
        capture = Capture(self.lab, "to_client", lambda p: p.source[0] == CLIENT)
        client = self.start_test("--bwboth", 1, 2000000)
        self.assert_exit(client, 0)
        packets = capture.stop()
        self.send_again(packets)
        self.assertEqual(len(server.out.find("Client connected: .*")), 1, str(server))
        server.end()
        server = self.server()
        answers = self.send_again(packets)
        self.assertEqual(server.out.find("Client connected: .*"), [])
        self.assertEqual(server.err.find(".* test from .*"), [])
        # Its questions are answered as any first ones are.
        self.assertEqual(len(answers), sum(p.target[1] == MAIN_PORT for p in packets))
        self.assertEqual([p for p in answers if b'"cookie":' not in p.payload], [])
        figure("capture_again", "%d packets, after a restart %d cookies and nothing else" % (
            len(packets), len(answers)))

    def send_again(self, packets):
        """What comes back."""
        capture = Capture(self.lab, "to_client", lambda p: p.source[0] == SERVER)
        with self.lab.raw("client") as raw:
            for p in packets:
                raw.sendto(udp_packet(p.source, p.target, p.payload), (SERVER, 0))
        time.sleep(0.5)  # nothing may come
        answers = capture.stop()
        self.assertEqual([p for p in answers if p.type == BANDWIDTH_TEST], [])
        return answers


if __name__ == "__main__":
    main()
