"""The panels: the view is moved, frozen, sized and saved, and the traffic goes on."""
import json
import os
import re
import signal
import unittest

import harness
import terminal

FROZEN = r"FROZEN (\d+):(\d+) ago"
PANELS = slice(1, 17)  # rows of a screen of 24
FOCUS, LOST = "\u25b6 ", "\u00d7"
SENT = r"sent (\d[\d.]*k?) there (\d[\d.]*k?) lost 0 "
UPLOAD = ("--rate", "5M", "--duration", "60")
# 5 Mbit/s in packets of 1400 bytes.
UNITS = (r"[45]\.\d+ Mbit/s", r"[56]\d\d kB/s", r"[34]\d\d pkt/s")


def number(text):
    return float(text.rstrip("k")) * (1000 if text.endswith("k") else 1)


class Time(terminal.Case):
    """A view that stands still, or looks back."""

    def uploading(self):
        pane = self.pane_up(*UPLOAD)
        pane.send("u")
        pane.wait_for(SENT)
        return pane

    def ago_s(self, pane):
        minutes, seconds = pane.wait_for(FROZEN).groups()
        return int(minutes) * 60 + int(seconds)

    def frozen_figures(self, pane):
        """The panels, once they stand still: not between two frames."""
        pane.wait_for(terminal.STILL)
        return pane.rows()[PANELS]

    def test_freeze(self):
        pane = self.uploading()
        pane.send("Space")
        before = self.frozen_figures(pane)
        harness.until(lambda: self.ago_s(pane) >= 3, "three seconds", None, terminal.LOOK_S)
        self.assertEqual(pane.rows()[PANELS], before)
        pane.send("Space")
        pane.wait_for("LIVE\n")
        there = [number(re.search(SENT, text).group(2))
                 for text in ("\n".join(before), pane.wait_for(SENT).string)]
        # 5 Mbit/s are more than 600 packets a second.
        self.assertGreater(there[1], there[0] + 1000 / harness.SLOWER)
        self.quit(pane)

    def test_arrows(self):
        pane = self.uploading()
        # Old enough for ten seconds back, or nearly.
        harness.until(lambda: re.search(r"THREAD +0:0[4-9]", pane.screen()), "four seconds")
        pane.send(*["Left"] * 3)
        near = self.ago_s(pane)
        pane.send("PPage")
        harness.until(lambda: self.ago_s(pane) >= near + 3, "further back")
        self.assertNotRegex(pane.screen(), SENT)  # before the test
        pane.send("NPage")
        pane.wait_for("LIVE\n")
        pane.send("g")
        pane.wait_for("idle; u uploads")
        pane.send("G")
        pane.wait_for("(?s)LIVE\n.*" + SENT)
        self.quit(pane)

    def test_worst_second(self):
        """The one in which the server did not answer: its losses are in sight."""
        server = self.server()
        pane = self.pane_up("--heartbeat-rate", "20", server=server)
        server.send_signal(signal.SIGSTOP)
        pane.wait_for(r"UPLOAD: \d+ heartbeats? lost")
        server.send_signal(signal.SIGCONT)
        pane.wait_for(r" -0:05 +\w+: \d+ heartbeats? lost")
        self.assertNotIn(LOST, pane.rows()[2].ljust(80)[-4:])
        pane.send("w")
        self.assertGreaterEqual(self.ago_s(pane), 4)
        rows = pane.rows()
        for row in (2, 6, 12):  # the graphs' top rows
            self.assertIn(LOST, rows[row].ljust(80)[-4:], rows)
        self.quit(pane)

    def test_a_test_ends_the_freeze(self):
        pane = self.pane_up(*UPLOAD)
        pane.send("Space")
        pane.wait_for(FROZEN)
        pane.send("u")
        pane.wait_for("(?s)LIVE\n.*" + SENT)
        self.quit(pane)


class View(terminal.Case):
    def test_zoom(self):
        pane = self.pane_up()
        pane.send("Enter")
        pane.wait_for(r"(?s)^(?!.*(CONTROL|DOWNLOAD) up .).*UPLOAD up .*RESULTS")
        pane.send("j")
        pane.wait_for(r"(?s)^(?!.*(CONTROL|UPLOAD) up .).*DOWNLOAD up .*RESULTS")
        pane.send("z")
        pane.wait_for(terminal.UP)
        self.quit(pane)

    def test_focus(self):
        pane = self.pane_up()
        pane.wait_for(FOCUS + "UPLOAD")
        for key, name in (("Tab", "DOWNLOAD"), ("j", "CONTROL"), ("k", "DOWNLOAD"), ("Up", "UPLOAD"),
                          ("BTab", "CONTROL"), ("Down", "UPLOAD")):
            pane.send(key)
            pane.wait_for("^[^%s]*%s%s[^%s]*$" % (FOCUS[0], FOCUS, name, FOCUS[0]))
        self.quit(pane)

    def test_units(self):
        pane = self.pane_up(*UPLOAD)
        pane.send("u")
        for unit in UNITS + UNITS[:1]:
            pane.wait_for("sending " + unit)
            pane.send("x")
        self.quit(pane)

    def test_time_scale(self):
        pane = self.pane_up()
        for key, seconds in (("+", "0.2"), ("+", "0.2"), ("-", "0.4"), ("-", "1"), ("=", "0.4")):
            pane.send(key)
            pane.wait_for(r"A point of a graph is %s s" % re.escape(seconds))
        self.quit(pane)

    def test_themes(self):
        pane = self.pane_up()
        names = []
        for _ in range(5):
            pane.send("t")
            names.append(pane.wait_for(
                r"Theme: (?!%s\n)(\S+)" % (names[-1] if names else "none")).group(1))
        self.assertEqual(len(set(names)), 5, names)
        self.quit(pane)

    def test_servers_side(self):
        """The server's threads are the ones it has."""
        server = self.server()
        pane = self.pane_up(server=server)
        pane.send("v")
        screen = pane.wait_for(r"(?s)SERVER'S SIDE.*CONTROL +thread \d.*UPLOAD +thread \d.*"
                               r"DOWNLOAD +thread \d").string
        threads = {int(n) for n in re.findall(r"^ \w+ +thread (\d+) rtt", screen, re.M)}
        self.assertEqual(len(threads), 3)
        self.assertLessEqual(threads, terminal.threads_of(server.pid))
        here = {int(n) for n in re.findall(r" up .* thread (\d+) ", screen)}
        self.assertEqual(len(here), 3)
        self.assertLessEqual(here, terminal.threads_of(pane.pid))
        pane.send("v")
        pane.wait_for(r"(?s)^(?!.*SERVER'S SIDE).*LIVE\n")
        self.quit(pane)

    def test_help(self):
        pane = self.pane_up()
        for opens, closes in (("?", "?"), ("F1", "Escape"), ("?", "q")):
            pane.send(opens)
            pane.wait_for(r"(?s)Help: .*upload +start an upload test|u +start an upload test")
            first = pane.wait_for("ask the server again now").string
            self.assertNotIn("A click focuses a panel", first)
            pane.send(*["Down"] * 12)
            pane.wait_for("(?s)^(?!.*ask the server again now).*A click focuses a panel")
            pane.send("Up", closes)
            pane.wait_for("(?s)^(?!.*Help: ).*CONTROL up ")
        self.quit(pane)


class Files(terminal.Case):
    def test_document(self):
        pane = self.pane_up("--rate", "5M", "--duration", "1")
        pane.send("b")
        pane.wait_for(r" +2 .(up|down) ")
        text = pane.new_file(".json", lambda: pane.send("S"))
        document = json.loads(text)
        self.assertEqual(document["schema"], "wyndrvr/1")
        tests = document["end"]["tests"]
        self.assertEqual(len(tests), 2)
        for test in tests:
            self.assertTrue(test["complete"])
            self.assert_balance(test)
        pane.wait_for("Saved: wyndrvr-")
        self.quit(pane)

    def test_picture(self):
        """The same text as on the screen."""
        pane = self.pane_up()
        pane.send("Space")
        pane.wait_for(terminal.STILL)
        shown = pane.rows()
        text = pane.new_file(".txt", lambda: pane.send("P"), terminal.SIZE[1])
        saved = [row.rstrip() for row in text.splitlines()]
        self.assertEqual(len(saved), len(shown))
        self.assertEqual(saved[PANELS], shown[PANELS])
        self.assertRegex(saved[0], FROZEN)
        self.quit(pane)


class Mouse(terminal.Case):
    """Clicks are at the first column, in rows counted from 1."""

    def press(self, pty, button, row):
        pty.send(b"\033[<%d;5;%dM\033[<%d;5;%dm" % (button, row, button, row))

    def focus_at(self, pty, row, name):
        marks = pty.output.count(FOCUS.strip().encode())
        self.press(pty, 0, row)
        harness.until(lambda: pty.output.count(FOCUS.strip().encode()) > marks, "another focus")
        pty.wait_for(FOCUS + name)

    def test_click(self):
        pty = self.pty_up()
        self.assertIn(b"\033[?1006;1000h", pty.output)
        for row, name in ((15, "DOWNLOAD"), (3, "CONTROL"), (8, "UPLOAD")):
            self.focus_at(pty, row, name)
        self.press(pty, 0, 21)  # no panel
        self.assertIn(FOCUS + "UPLOAD", pty.picture())
        pty.send(b"q")
        self.assert_left(pty, 0)

    def test_wheel(self):
        pty = self.pty_up()
        pty.wait_for(r"THREAD +0:0[2-9]")
        self.press(pty, 64, 8)
        pty.wait_for(FROZEN)
        for _ in range(20):
            self.press(pty, 65, 8)
        pty.wait_for(" LIVE\n")
        pty.send(b"q")
        self.assert_left(pty, 0)


if __name__ == "__main__":
    unittest.main()
