"""Ports that have run out, or that others hold: the log says so, clients that are served stay served,
and all is well again afterwards without help."""
import signal
import socket
import unittest

import harness

CONNECTED = "Client connected: (%s)" % harness.ADDRESS
FULL = "No free ports: all %d of port_ranges are in use or kept back; new clients wait"
SILENCE_S = 15
KEPT_BACK_S = 10


def ports_of(client):
    line = client.out.wait(r"  CONTROL (\d+), UPLOAD (\d+), DOWNLOAD (\d+)")
    return [int(n) for n in line.groups()]


class Range(harness.Case):
    def start_client(self, server, *flags):
        client = self.client(server, "--heartbeat-rate", "200", "--interval", "0.2", *flags)
        client.out.wait("Client connected successfully")
        return client

    def assert_still_served(self, client):
        """The round trips of the last intervals are there."""
        lines = len(client.err.lines)
        harness.until(lambda: len(client.err.lines) >= lines + 6, "more round trips")
        self.assertTrue(client.is_running(), client)

    def test_one_client_fits(self):
        harness.together(lambda: self.refuse_others("SINGLE"), lambda: self.refuse_others("THREAD"),
                         self.upload_while_others_ask)

    def refuse_others(self, mode):
        server = self.server("--port-parallelability", mode, ports=3)
        first = self.start_client(server)
        second = self.client(server, "--connect-timeout", "1.5")
        third = self.client(server, "--connect-timeout", "1.5", "--json")
        server.err.wait(FULL % 3)
        for child in (second, third):
            self.assert_exit(child, 5)
        self.assertEqual(third.document()["error"]["code"], "refused")
        # One line, however often they have asked.
        self.assertEqual(len(server.err.find("No free ports.*")), 1, server)
        self.assertEqual(len(server.out.find(CONNECTED)), 1, server)
        self.assert_still_served(first)
        self.assertEqual(first.end(signal.SIGINT), 130)
        self.assertEqual(server.end(), 0, server)

    def upload_while_others_ask(self):
        server = self.server(ports=3)
        client = self.client(server, "--json", "--bwup", "--duration", "2", "--rate", "20M")
        server.out.wait(CONNECTED)
        others = [self.client(server, "--connect-timeout", "1.5") for _ in range(3)]
        for other in others:
            self.assert_exit(other, 5)
        self.assert_exit(client, 0)
        test = self.only_test(client.document())
        self.assertEqual(test["loss"]["packets"], 0)
        self.assert_balance(test)

    def test_recovery(self):
        """Two clients fit. The third one gets the ports of the first, when that one's silence has
        ended its session and late packets have had their time; the second one notices nothing."""
        server = self.server("--port-parallelability", "THREAD", ports=6)
        first, second = self.start_client(server), self.start_client(server)
        self.assertEqual(len(set(ports_of(first) + ports_of(second))), 6)
        harness.until(lambda: server.threads() == 7, "the threads of both clients")
        descriptors = server.descriptors()
        third = self.client(server, "--wait", "120")
        server.err.wait(FULL % 6)
        name = server.out.find(CONNECTED)[0].group(1)
        first.kill()
        ended = server.err.wait_time(r"Client silent for \d+ s, session ended: %s" % name,
                                     SILENCE_S + harness.DEADLINE_S)
        harness.until(lambda: server.threads() == 4, "the threads of the first client to be gone")
        # The sockets are closed after the threads are joined.
        harness.until(lambda: server.descriptors() < descriptors, "the first client's sockets to be closed")
        free = server.err.wait_time("Ports are free again", KEPT_BACK_S + harness.DEADLINE_S)
        self.assertGreaterEqual(free - ended, KEPT_BACK_S - 0.1)
        third.out.wait("Client connected successfully")
        self.assertEqual(sorted(ports_of(third)), sorted(ports_of(first)))
        harness.until(lambda: server.threads() == 7, "the threads of the third client")
        harness.until(lambda: server.descriptors() == descriptors, "as many descriptors as before")
        self.assert_still_served(second)
        self.assertEqual(len(server.err.find("No free ports.*")), 1, server)
        for child in (second, third):
            self.assertEqual(child.end(signal.SIGINT), 130)


class HeldByOthers(harness.Case):
    def hold(self, ports):
        for port in ports:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(sock.close)
            sock.bind(("127.0.0.1", port))

    def server_among(self, ports, held):
        """A server whose range of `ports` ports has every second one held, up to `held`."""
        first, last = self.ports.take(ports)
        taken = list(range(first, last + 1, 2))[:held]
        self.hold(taken)
        server = self.server_on("127.0.0.1:%d" % self.ports.take()[0], "--port-ranges",
                                "%d-%d" % (first, last))
        return server, set(range(first, last + 1)) - set(taken)

    def test_some_are_held(self):
        """All clients for which there are ports get them, at once."""
        server, free = self.server_among(15, 3)
        clients = [self.client(server, "--count", "1") for _ in range(4)]
        given = set()
        for client in clients:
            self.assert_exit(client, 0)
            given.update(ports_of(client))
        self.assertEqual(given, free)
        self.assertEqual(server.err.find("No free ports.*"), [])

    def test_only_three_are_left(self):
        server, free = self.server_among(6, 3)
        client = self.client(server, "--count", "1")
        self.assert_exit(client, 0)
        self.assertEqual(set(ports_of(client)), free)

    def test_two_are_left(self):
        """One too few is as good as none."""
        server, _ = self.server_among(4, 2)
        client = self.client(server, "--connect-timeout", "1.5")
        server.err.wait("No free ports: .*")
        self.assert_exit(client, 5)
        self.assertEqual(server.out.find(CONNECTED), [])

    def test_none_is_left(self):
        first, last = self.ports.take(3)
        self.hold(range(first, last + 1))
        server = self.server_on("127.0.0.1:%d" % self.ports.take()[0], "--port-ranges",
                                "%d-%d" % (first, last))
        client = self.client(server, "--connect-timeout", "0.5")
        self.assert_exit(client, 5)
        self.assertEqual(server.out.find(CONNECTED), [])
        self.assertTrue(server.err.lines, server)


if __name__ == "__main__":
    unittest.main()
