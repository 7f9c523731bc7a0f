"""The panels on other terminals and in all sizes, and plain output where they have no place."""
import json
import random
import re
import unittest

import harness
import terminal

# A sanitized program draws much more slowly.
RESIZES = 200 if harness.SLOWER > 1 else 1000
LEAST, LARGEST = (30, 5), (250, 80)
COMPLETE = (r"^ wyndrvr \S+ extended .* LIVE *\n", r"\n.{1,2}CONTROL up .", r"\n.{1,2}UPLOAD up .",
            r"\n.{1,2}DOWNLOAD up .", r"\n RESULTS ", r"\n EVENTS ")
COLOUR = rb"\033\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10\d)[;m]"

# Of libgpm, which curses opens on the console, and of curses itself on an unknown terminal.
NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0"}

# TERM and what else is special about the environment or the flags.
TERMINALS = [
    ("vt100", {}, ()),
    ("linux", NO_LEAKS, ()),
    ("tmux-256color", {}, ()),
    ("xterm", {}, ()),
    ("xterm-256color", {"NO_COLOR": "1"}, ()),
    ("xterm-256color", {"LC_ALL": "C"}, ()),
    ("xterm-256color", {}, ("--ascii",)),
] + [("xterm-256color", {}, ("--theme", theme))
     for theme in ("default", "light", "dark", "colour-blind", "plain")]

# Where there are no panels: the environment, and the flags.
PLAIN = [
    ({}, ("--no-tui", "--bwup", "--rate", "5M", "--duration", "1")),
    ({}, ("--json", "--bwup", "--rate", "5M", "--duration", "1")),
    ({}, ("--count", "1")),
    ({"TERM": "dumb"}, ("--bwup", "--rate", "5M", "--duration", "1")),
]


# Sizes, one after the other, and what can be seen then.
SHOWN = [
    ((1, 1), ""),
    ((250, 80), "(?s)CONTROL up.*DOWNLOAD up"),
    ((10, 3), "^10x3 is to\n30x5 is th\n"),
    ((40, 12), "(?s)CONTROL up.*DOWNLOAD up"),
    ((200, 5), "UPLOAD up"),
    ((30, 60), "(?s)CONTROL up.*DOWNLOAD up"),
    ((10, 3), "^10x3 is to\n30x5 is th\n"),
    ((80, 24), terminal.UP),
]


class Terminals(terminal.Case):
    def run_on(self, name, environment, flags):
        environment = self.screen_environment(**{"TERM": name, **environment})
        pty = self.pty_up("--rate", "5M", "--duration", "1", *flags, environment=environment)
        pty.send(b"u")
        pty.wait_for("last test: complete")
        pty.send(b"q")
        self.assert_left(pty, 0)
        harness.until(lambda: not pty.leaves(), "nothing left on: %s" % pty)
        self.assert_bytes(pty, environment, flags)

    def assert_bytes(self, pty, environment, flags):
        is_plain = "--ascii" in flags or environment["LC_ALL"] == "C"
        self.assertEqual(any(byte >= 0x80 for byte in pty.output), not is_plain, str(pty))
        has_colours = pty.terminal != "vt100" and not environment["NO_COLOR"] and "plain" not in flags
        self.assertEqual(bool(re.search(COLOUR, pty.output)), has_colours, str(pty))

    def test_terminals(self):
        half = len(TERMINALS) // 2
        for rows in (TERMINALS[:half], TERMINALS[half:]):
            harness.together(*[lambda row=row: self.run_on(*row) for row in rows])

    def test_unknown_terminal(self):
        """It says so, and touches nothing."""
        pty = self.pty(self.server(), environment=self.screen_environment(
            TERM="no-such-terminal", **NO_LEAKS))
        self.assertEqual(pty.wait(), 1)
        self.assertTrue(pty.is_restored())
        self.assertIn('a terminal of type "no-such-terminal" can\'t show the panels; see --no-tui',
                      pty.errors())
        self.assertEqual(pty.output, b"")

    def run_plain(self, environment, flags):
        pty = self.pty(self.server(), *flags, environment=self.screen_environment(**environment))
        self.assertEqual(pty.wait(), 0, str(pty))
        self.assertTrue(pty.is_restored())
        last = b"\n}" if "--json" in flags else b"\n  Clocks "
        harness.until(lambda: last in pty.output.replace(b"\r", b""), "all output")
        self.assertNotIn(b"\033", pty.output)
        if "--json" in flags:
            self.assertEqual(json.loads(pty.output)["schema"], "wyndrvr/1")

    def test_plain(self):
        harness.together(*[lambda row=row: self.run_plain(*row) for row in PLAIN])


class Sizes(terminal.Case):
    def assert_complete(self, wait_for):
        for pattern in COMPLETE:
            wait_for(pattern)

    def test_random_sizes(self):
        pty = self.pty_up("--rate", "5M", "--duration", "600")
        pty.send(b"u")
        pty.wait_for("sending [1-9]")
        sizes = random.Random(1)
        for i in range(RESIZES):
            written = len(pty.output)
            cols, rows = [sizes.choice((1, sizes.randint(1, most), most)) for most in LARGEST]
            pty.resize(cols, rows)
            # Otherwise another comes before this one is shown; too small a one shows nothing new.
            if i % 3 == 0 and cols >= LEAST[0] and rows >= LEAST[1]:
                pty.wait_output(written)
        self.assertTrue(pty.is_running(), str(pty))
        pty.resize(*terminal.SIZE)
        pty.wait_for("sending [1-9]")
        self.assert_complete(pty.wait_for)
        pty.send(b"q")
        self.assert_left(pty, 0)
        harness.until(lambda: not pty.leaves(), "nothing left on: %s" % pty)

    def test_what_is_shown(self):
        """Whatever the sizes before: the terminal shows what the program means to show."""
        pane = self.pane_up()
        for size, pattern in SHOWN:
            pane.resize(*size)
            pane.wait_for(pattern)
        self.assert_complete(pane.wait_for)
        pane.wait_for(r"\? help q quit")
        pane.send("Space")
        pane.wait_for(terminal.STILL)
        shown = pane.rows()
        saved = pane.new_file(".txt", lambda: pane.send("P"), terminal.SIZE[1]).splitlines()
        self.assertEqual([row.rstrip() for row in saved[1:17]], shown[1:17])
        self.quit(pane)

    def test_too_small(self):
        pane = self.pane_up()
        pane.resize(20, 3)
        pane.wait_for("20x3 is too small")
        self.quit(pane)


if __name__ == "__main__":
    unittest.main()
