"""The panels when there is no session: not reached, refused, lost, and a server that knows less."""
import signal
import unittest

import harness
import terminal

AGAIN = r"Trying again in (\d+) s \(try (\d+)\)"
SHORT = ("--connect-timeout", "0.5")
GREEN = "38;5;34m"
# The longest wait is the one that a refusing server asks for.
WAIT_S = 10
# How long a server is silent before its session is given up.
SILENCE_S = 15


def box(title):
    return r"(?s)%s .*R: now   q: quit" % title


class Failures(terminal.Case):
    def nobody(self):
        return "127.0.0.1:%d" % self.ports.take()[0]

    def countdown(self, pane):
        """It goes down, and then the next try begins."""
        first = pane.wait_for(AGAIN)
        seconds, tries = (int(n) for n in first.groups())
        self.assertLessEqual(seconds, WAIT_S)
        pane.wait_for(r"Trying again in %d s \(try %d\)" % (max(seconds - 2, 1), tries))
        pane.wait_for(r"\(try %d\)" % (tries + 1), WAIT_S + harness.DEADLINE_S)

    def test_no_server(self):
        pane = self.pane(self.nobody(), *SHORT)
        pane.wait_for(box("Server not reached"))
        pane.wait_for("NOT REACHED\n")
        pane.wait_for("no answer")
        self.countdown(pane)
        self.quit(pane, 3)
        self.assertIn("no answer", pane.all())

    def test_server_that_starts_later(self):
        harness.together(lambda: self.later(()), lambda: self.later("R"))

    def later(self, keys):
        address = self.nobody()
        pane = self.pane(address, *SHORT)
        pane.wait_for(box("Server not reached"))
        self.server_on(address, "--port-ranges", "%d-%d" % self.ports.take(3))
        for key in keys:
            pane.send(key)
        pane.wait_for(r"(?s)^(?!.*Server not reached).*LIVE\n")
        pane.wait_for(terminal.UP)
        self.quit(pane)

    def test_quit_while_it_asks(self):
        pane = self.pane(self.nobody(), "--connect-timeout", "60")
        pane.wait_for(box("Asking the server"))
        self.quit(pane, 3)

    def test_refused(self):
        server = self.server("--max-sessions", "1")
        self.client(server).out.wait("Client connected successfully")
        pane = self.pane(server, *SHORT)
        pane.wait_for(box("The server refused"))
        pane.wait_for("REFUSED\n")
        pane.wait_for(r"(?s)The server refused.*\n.*(limit|busy|full)[^\n]*: ")
        self.countdown(pane)
        pane.wait_for(box("The server refused"))
        self.quit(pane, 5)

    def lose(self):
        """A session whose server is gone, as it looks once that has been noticed."""
        server = self.server()
        pane = self.pane_up(*SHORT, server=server)
        self.assertIn(GREEN, pane.screen("-e").split("\n")[1])
        server.send_signal(signal.SIGKILL)
        server.wait()
        pane.wait_for(box("Session lost|Server not reached"), SILENCE_S + harness.DEADLINE_S)
        pane.wait_for("silent; asking it again")
        row = pane.screen("-e").split("\n")[1]
        self.assertIn("CONTROL", row)
        self.assertNotIn(GREEN, row)
        return server, pane

    def lost(self):
        server, pane = self.lose()
        self.server_on(server.address, "--port-ranges", "%d-%d" % self.ports.take(3))
        pane.wait_for("(?s)^(?!.*R: now   q: quit).*LIVE\n")
        pane.send("r", "5", "M", "Tab", "1", "Enter", "u")
        pane.wait_for("last test: complete")
        self.quit(pane)

    def lost_for_good(self):
        _, pane = self.lose()
        self.countdown(pane)
        pane.send("u")
        pane.wait_for("Not connected: nothing to test")
        self.quit(pane, 1)
        text = pane.all()
        self.assertIn("=== Latency (round trip, ms) ===", text)
        for name in harness.PORT_NAMES:
            self.assertRegex(text, r"  %-9s idle +[1-9]" % name)

    def test_lost(self):
        harness.together(self.lost, self.lost_for_good)

    def test_classic_server(self):
        """What it can't do is said in words; what it can works."""
        peer = self.peer_server()
        pane = self.pane_up("--rate", "5M", "--duration", "1", server=peer)
        pane.wait_for(" classic .*uploads only")
        pane.wait_for("a classic server sends no data")
        for key in "db":
            pane.send(key)
            pane.wait_for("A classic server has no download test")
        pane.send("v")
        pane.wait_for("A classic server does not show its side")
        pane.send("u")
        pane.wait_for("last test: complete")
        self.quit(pane)
        self.assertRegex(pane.all(), r"  Received +[\d.]+ Mbit/s, [1-9]")
        self.assertEqual(peer.end(), 0, peer)
        self.assertEqual(peer.last_object()["violations"], 0)

    def test_classic_server_again(self):
        """It takes one test a session: the second one gets a session of its own."""
        peer = self.peer_server("--one-test", "--test-verbose")
        pane = self.pane_up("--rate", "5M", "--duration", "1", server=peer)
        for count in (1, 2, 3):
            pane.send("u")
            peer.err.wait("Server received TEST_RESULT ack", count=count)
            pane.wait_for("last test: complete")
        self.quit(pane)
        self.assertEqual(pane.all().count("=== Upload Bandwidth Test Results ==="), 3)
        self.assertEqual(peer.end(), 0, peer)
        theirs = peer.last_object()
        self.assertEqual(theirs["violations"], 0, theirs["violation_texts"])
        self.assertEqual([len(one["uploads"]) for one in theirs["clients"]], [1, 1, 1])


if __name__ == "__main__":
    unittest.main()
