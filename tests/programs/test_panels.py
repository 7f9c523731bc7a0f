"""The panels: a session on the screen, and the tests that its keys start."""
import re
import unittest

import harness
import terminal

UPLOAD_RESULTS = "=== Upload Bandwidth Test Results ==="
DOWNLOAD_RESULTS = "=== Download Bandwidth Test Results ==="
RATE = r"(\d[\d.]*) Mbit/s"
LEFT_S = r"\d+ s left"
# Mbit/s that the screen may show of 20: a host that is held up sends less, and is reported; none sends more.
RATE_LEAST, RATE_MOST = 10 / harness.SLOWER, 21

# What the dialog says to an invalid rate or duration.
BAD_TERMS = [
    (["2", "0", "Q", "Enter"], r'"20Q" is not a number'),
    (["Tab", "0", "Enter"], r'"0" is .*allowed: 1\.\.'),
    (["Tab", "x", "Enter"], r'"x" is \S'),
]


def result(number, direction, rest=""):
    return r" +%d .%s +%s.*%s" % (number, direction, RATE, rest)


class Panels(terminal.Case):
    def test_a_session(self):
        """Upload, download, their results in the table, and on the terminal afterwards."""
        server = self.server()
        pane = self.pane(server, "--rate", "20M", "--duration", "2")
        self.assert_first_screen(server, pane)
        pane.send("u")
        pane.wait_for(r"sending %s of 20\.0 Mbit/s" % RATE)
        pane.wait_for(LEFT_S)
        pane.wait_for(r"Upload complete: %s received, 0 %% lost" % RATE)
        pane.send("d")
        pane.wait_for(r"receiving %s of 20\.0 Mbit/s" % RATE)
        pane.wait_for(LEFT_S)
        pane.wait_for(r"Download complete: %s received, 0 %% lost" % RATE)
        pane.resize(80, 40)  # at 24 rows there is room for the last test and the verdict on it
        found = [pane.wait_for(pattern)
                 for pattern in (result(1, "up", "0 % lost"), result(2, "down", "0 % lost"))]
        self.quit(pane)
        for one in found:
            self.assert_rate(one, pane.all())
        self.assert_results(server, pane.all())

    def assert_rate(self, found, text):
        """`text` is what the terminal shows in the end."""
        self.assertLess(float(found.group(1)), RATE_MOST)
        if float(found.group(1)) <= RATE_LEAST:
            self.assertRegex(text, r"of\s+its\s+turns\s+came\s+(more\s+than\s+1\s+ms\s+)?late")

    def assert_first_screen(self, server, pane):
        screen = pane.wait_for(terminal.UP).string
        self.assertIn("wyndrvr " + server.address, screen)
        pane.wait_for("LIVE\n")
        ports = re.findall(r"(\w+) up . (\d+).(\d+)", screen)
        self.assertEqual([name for name, _, _ in ports], list(harness.PORT_NAMES))
        pane.wait_for("%s is up: %s to %s" % ports[-1])  # there is room for the last event

    def assert_results(self, server, text):
        self.assertEqual(text.count("wyndrvr " + server.address + "\n"), 1)
        order = [text.index(title) for title in (
            UPLOAD_RESULTS, DOWNLOAD_RESULTS, "=== Latency (round trip, ms) ===")]
        self.assertEqual(order, sorted(order))
        for row in ("  Received +%s, [1-9]" % RATE, r"  Lost +0 packets"):
            self.assertEqual(len(re.findall(row, text)), 2, text)
        for name in harness.PORT_NAMES:
            self.assertRegex(text, r"  %-9s idle +[1-9]\d* +0 " % name)
        self.assertNotIn("RESULTS", text)  # nothing of the panels

    def test_both_at_once(self):
        pane = self.pane_up("--rate", "5M", "--duration", "2")
        pane.send("b")
        pane.wait_for(r"(?s)sending %s .*receiving %s " % (RATE, RATE))
        pane.resize(80, 40)
        pane.wait_for(result(1, r"\w+", "0 % lost"))
        pane.wait_for(result(2, r"\w+", "0 % lost"))
        self.quit(pane)
        for title in (UPLOAD_RESULTS, DOWNLOAD_RESULTS):
            self.assertIn(title, pane.all())

    def stop(self, key, direction):
        """What has been counted is kept, and it is no failure."""
        pane = self.pane_up("--rate", "5M", "--duration", "30")
        pane.send(key)
        pane.wait_for(r"ing %s of 5\.00 Mbit/s" % RATE)
        pane.send("s")
        pane.wait_for(result(1, direction))
        pane.wait_for(r"(?s)^(?!.*%s).*last test: incomplete" % LEFT_S)
        self.quit(pane)
        self.assertRegex(pane.all(), "  Received +%s, [1-9]" % RATE)

    def test_stop(self):
        harness.together(lambda: self.stop("u", "up"), lambda: self.stop("d", "down"))

    def quit_while_it_runs(self, key):
        pane = self.pane_up("--rate", "5M", "--duration", "30")
        pane.send(key)
        pane.wait_for(r"ing %s of 5\.00 Mbit/s" % RATE)
        self.quit(pane)
        self.assertRegex(pane.all(), "  Received +%s, [1-9]" % RATE)
        self.assertRegex(pane.all(), r"(?i)incomplete|partial")

    def test_quit_while_it_runs(self):
        harness.together(*[lambda key=key: self.quit_while_it_runs(key) for key in "udb"])

    def test_other_terms(self):
        """Rate and duration from the dialog are those of the next tests."""
        pane = self.pane_up("--rate", "5M", "--duration", "30")
        pane.send("r")
        pane.wait_for("The next tests")
        pane.wait_for(r"Rate \(.* 5M_")
        pane.send("2", "0", "M", "Tab", "1", "Enter")
        pane.wait_for(r"idle; u uploads: 20\.0 Mbit/s for 1 s")
        self.assertNotIn("The next tests", pane.screen())
        pane.send("u")
        pane.wait_for(r"BWUP acknowledged: 20\.00 Mbit/s for 1 s")
        found = pane.wait_for(result(1, "up"))
        self.quit(pane)
        self.assert_rate(found, pane.all())
        self.assertRegex(pane.all(), r"  Duration +1\.\d+ s of 1 s asked")

    def bad_terms(self, keys, pattern):
        pane = self.pane_up("--rate", "5M", "--duration", "30")
        pane.send("r")
        pane.wait_for("The next tests")
        pane.send(*keys)
        pane.wait_for(pattern)
        pane.send("Escape")
        pane.wait_for(r"(?s)^(?!.*The next tests).*idle; u uploads: 5\.00 Mbit/s for 30 s")
        self.quit(pane)

    def test_bad_terms(self):
        harness.together(*[lambda keys=keys, pattern=pattern: self.bad_terms(keys, pattern)
                           for keys, pattern in BAD_TERMS])

    def test_test_from_the_command_line(self):
        """It begins by itself, and the panels stay when it is over."""
        pane = self.pane_up("--bwup", "--rate", "5M", "--duration", "1")
        pane.wait_for(result(1, "up"))
        pane.wait_for("last test: complete")
        self.quit(pane)


if __name__ == "__main__":
    unittest.main()
