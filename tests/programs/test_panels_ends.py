"""The panels: every way out leaves the terminal as it was, and a terminal that takes nothing any more holds
up neither the traffic nor the end."""
import re
import signal
import unittest

import harness
import terminal

UPLOAD = ("--rate", "5M", "--duration", "60")
# A crash is one only where no sanitizer handles it first.
CRASH = {name: "handle_segv=0" for name in ("ASAN_OPTIONS", "TSAN_OPTIONS")}
XOFF = b"\x13"


def signalled(number):
    return lambda pty: pty.send_signal(number)


def key(data):
    return lambda pty: pty.send(data)


# What ends it, the exit code, and whether there are results on the terminal then.
WAYS = [
    (key(b"q"), 0, True),
    (key(b"\x03"), 130, True),
    (signalled(signal.SIGINT), 130, True),
    (signalled(signal.SIGTERM), 143, True),
    (signalled(signal.SIGHUP), 129, True),
    (signalled(signal.SIGSEGV), -signal.SIGSEGV, False),
    (signalled(signal.SIGABRT), -signal.SIGABRT, False),
]
BLOCKED = [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]


class Ends(terminal.Case):
    def assert_clean(self, pty, code, seconds=None):
        """Everything that was turned on is off again."""
        self.assert_left(pty, code, seconds)
        for name in ("smcup", "civis"):
            self.assertIn(terminal.capability(pty.terminal, name), pty.output)
        self.assertIn(b"\033[?1006;1000h", pty.output)
        harness.until(lambda: not pty.leaves(), "nothing left on: %s" % pty)

    def start(self, upload):
        pty = self.pty_up(*UPLOAD, environment=self.screen_environment(**CRASH))
        if upload:
            pty.send(b"u")
            pty.wait_for(r"sending [1-9]")
        return pty

    def leave(self, way, code, results, upload):
        pty = self.start(upload)
        way(pty)
        self.assert_clean(pty, code, harness.END_S)
        after = pty.output[pty.output.rindex(b"\033[?1049l"):]
        self.assertEqual(b"=== Latency (round trip, ms) ===" in after, results, after)
        if results:
            self.assertEqual(b"Upload Bandwidth Test Results" in after, upload)

    def test_idle(self):
        harness.together(*[lambda way=way: self.leave(*way, upload=False) for way in WAYS])

    def test_uploading(self):
        harness.together(*[lambda way=way: self.leave(*way, upload=True) for way in WAYS])

    def test_terminal_closed(self):
        def close(upload):
            pty = self.start(upload)
            pty.hang_up()
            self.assertEqual(pty.wait(harness.END_S), 129, str(pty))

        harness.together(lambda: close(False), lambda: close(True))

    def test_suspended(self):
        """^Z leaves the terminal to the shell, and all is there again afterwards."""
        pty = self.start(upload=False)
        pty.send(b"\x1a")
        harness.until(lambda: self.state(pty) == "T", "a stopped program")
        harness.until(lambda: not pty.leaves(), "the shell's screen")
        pty.send_signal(signal.SIGCONT)
        harness.until(pty.leaves, "the panels")
        pty.wait_for(terminal.UP)
        pty.send(b"q")
        self.assert_clean(pty, 0)

    def state(self, pty):
        with open("/proc/%d/stat" % pty.pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]


class Blocked(terminal.Case):
    """Nobody reads what the program writes."""

    def end(self, number, code):
        pty = self.pty_up(*UPLOAD, size=(200, 50))
        pty.send(b"u")
        pty.wait_for(r"sending [1-9]")
        pty.stop_reading()
        pty.send_signal(number)
        self.assertEqual(pty.wait(harness.END_S), code, str(pty))
        self.assertTrue(pty.is_restored())

    def test_signals(self):
        harness.together(*[lambda way=way: self.end(*way) for way in BLOCKED])

    def test_closed(self):
        pty = self.pty_up(size=(200, 50))
        pty.stop_reading()
        pty.hang_up()
        self.assertEqual(pty.wait(harness.END_S), 129, str(pty))

    def test_stopped_by_a_key(self):
        """The terminal stops at ^S, and takes what restores it all the same."""
        pty = self.pty_up()
        pty.send(XOFF)
        harness.until(lambda: pty.is_stuck(), "a full terminal")
        pty.send_signal(signal.SIGTERM)
        self.assert_left(pty, 143, harness.END_S)
        harness.until(lambda: not pty.leaves(), "nothing left on: %s" % pty)

    def test_traffic_goes_on(self):
        """An upload is whole, and no heartbeat is lost, while the screen stands still."""
        server = self.server()
        pty = self.pty_up("--rate", "50M", "--duration", "4", server=server, size=(200, 50))
        pty.send(b"u")
        server.err.wait("Upload test from .*: channel .*")
        pty.stop_reading()
        found = server.err.wait(r"Upload test from \S+ ([\d.]+) Mbit/s, (\d+) packets, .*")
        self.assertGreater(float(found.group(1)), 25 / harness.SLOWER)  # a busy host sends less
        pty.read_on()
        pty.wait_for("last test: complete")
        pty.send(b"q")
        self.assert_left(pty, 0)
        text = pty.output.decode(errors="replace")
        self.assertIn("Received ", text)
        packets = re.search(r"Received +[\d.]+ Mbit/s, (\d+) packets", text).group(1)
        self.assertEqual(packets, found.group(2))
        self.assertRegex(text, r"Lost +0 packets")
        for name in harness.PORT_NAMES:
            self.assertRegex(text, r"  %-9s idle +[1-9]\d* +0 " % name)


if __name__ == "__main__":
    unittest.main()
