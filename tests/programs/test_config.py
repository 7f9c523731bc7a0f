"""Settings from file, environment and flags, as both programs take them; and the quick start of
thread mode, word for word but for the names of the programs."""
import os
import signal
import unittest

import harness

CONNECTED = "Client connected: " + harness.ADDRESS


class InHome(harness.Case):
    def environment(self, **more):
        """Only HOME says where the file is."""
        environment = super().environment(**more)
        del environment["XDG_CONFIG_HOME"]
        return environment

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.home, ".config", "wyndrvr", "config")
        self.ranges = "%d-%d" % self.ports.take(6)
        self.port, _ = self.ports.take()

    def create(self, *flags, name="WYNDRVR"):
        child = self.start([harness.program(name), "--create-config"] + list(flags))
        self.assert_exit(child, 0)
        self.assertEqual(child.err.lines, [])
        return child.out.lines

    def content(self):
        with open(self.path) as file:
            return file.read()

    def create_first(self):
        lines = self.create("--port-parallelability", "THREAD", "--port-ranges", self.ranges)
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], "^Created .*: %s$" % self.path)

    def assert_runs(self, server, threads):
        self.assertEqual(server.out.lines, ["Server started on 0.0.0.0:%d" % self.port])
        client = self.client("127.0.0.1:%d" % self.port, "--config", self.path)
        client.out.wait("Client connected successfully")
        server.out.wait(CONNECTED)
        self.assertEqual(client.threads(), 1 + threads)
        harness.until(lambda: server.threads() == 1 + threads, "threads of the server")
        self.assertEqual(client.end(signal.SIGINT), 130)
        self.assertEqual(server.end(), 0, server)


class QuickStart(InHome):
    def test_quick_start(self):
        self.create_first()
        self.assert_runs(self.server_on(":%d" % self.port, "--config", self.path), 3)

    def test_usual_place(self):
        """The file is found without --config too."""
        self.create("--port-parallelability", "SINGLE", "--port-ranges", self.ranges)
        self.assert_runs(self.server_on(":%d" % self.port), 0)

    def test_server_of_the_client(self):
        """wyndrvr --server becomes wyndrvrd, the same process."""
        self.create_first()
        child = self.start([harness.program("WYNDRVR"), "--server", ":%d" % self.port, "--config",
                            self.path])
        child.out.wait("Server started on 0.0.0.0:%d" % self.port)
        self.assertEqual(os.path.realpath("/proc/%d/exe" % child.pid),
                         os.path.realpath(harness.program("WYNDRVRD")))
        self.assert_runs(child, 3)

    def test_create_again(self):
        self.create_first()
        before = self.content()
        again = ("--port-parallelability", "THREAD")
        unchanged = ["Configuration file unchanged: " + self.path]
        self.assertEqual(self.create(*again), unchanged)
        self.assertEqual(self.create(*again, name="WYNDRVRD"), unchanged)
        self.assertEqual(self.content(), before)
        self.assertEqual(self.create("--port-parallelability", "SINGLE", "--duration", "7"), [
            "WARNING: Edited existing configuration file: " + self.path,
            "duration: 30 -> 7", "port_parallelability: THREAD -> SINGLE"])
        self.assertEqual(self.content(),
                         before.replace("\nduration=30\n", "\nduration=7\n").replace(
                             "\nport_parallelability=THREAD\n", "\nport_parallelability=SINGLE\n"))

    def test_file_of_the_manual(self):
        """With a comment behind a value."""
        os.makedirs(os.path.dirname(self.path))
        with open(self.path, "w") as file:
            file.write("# wyndrvr configuration file\nbind_addr=0.0.0.0\nbind_port=%d\n"
                       "port_ranges=%s\nconnection_parallelibility=SINGLE\n"
                       "port_parallelability=THREAD  # <-- Set to THREAD\n" % (self.port, self.ranges))
        server = self.start([harness.program("WYNDRVRD")])
        server.out.wait("Server started on .*")
        self.assert_runs(server, 3)


# What the Python program writes, and the settings that its own tests and users add.
PYTHON_FILE = """\
# wyndrvr configuration file
# All time values: microseconds (unless specified otherwise)

# Server bind settings
bind_addr=0.0.0.0
bind_port=%(port)d

port_ranges=%(ranges)s

connection_parallelibility=SINGLE
port_parallelability=%(mode)s

incoming_blocking_level=0
incoming_sleep=0

max_send_time=0
send_sleep=0

heartbeat_rate=5000
adjustment_delay=1000
flow_control_rate=10

server_block_time=100
client_block_time=100
ucm_delay=100
ucm_rate=100
bw_packet_length=900
duration=1
test_verbose=true
"""


class PythonFile(InHome):
    """A file of the Python program loads as it is, in both programs."""

    def write_python_file(self, mode):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        with open(self.path, "w") as file:
            file.write(PYTHON_FILE % {"port": self.port, "ranges": self.ranges, "mode": mode})

    def run_mode(self, mode, threads):
        self.write_python_file(mode)
        self.assert_runs(self.server_on(":%d" % self.port, "--config", self.path), threads)

    def test_starts_both(self):
        for mode, threads in (("SINGLE", 0), ("THREAD", 3)):
            self.run_mode(mode, threads)

    def test_upload(self):
        self.write_python_file("THREAD")
        server = self.server_on(":%d" % self.port)
        client = self.client("127.0.0.1:%d" % self.port, "--json", "--bwup", "--rate", "5M",
                             "--test-delay")
        self.assert_exit(client, 0)
        document = client.document()
        self.assertTrue(self.only_test(document)["complete"])
        options = document["start"]["options"]
        for line in PYTHON_FILE.splitlines():
            key, _, text = line.partition("=")
            if key in ("", "bind_port", "port_ranges", "port_parallelability") or key[0] == "#":
                continue
            # 0 is no limit there, and the default here.
            wanted = {"max_send_time": 500, "test_verbose": True}.get(
                key, int(text) if text.isdecimal() else text)
            self.assertEqual(options[key], wanted, key)
        self.assertEqual(options["test_delay"], 100)
        for latency in document["end"]["latency"].values():
            self.assertGreater(latency["idle"]["min_us"], 100e3)
        server.err.wait("Server received BWUP")

    def test_edited(self):
        """Only the lines that are asked for."""
        self.write_python_file("SINGLE")
        before = self.content()
        self.assertEqual(self.create("--port-parallelability", "THREAD", "--max-send-time", "250"), [
            "WARNING: Edited existing configuration file: " + self.path,
            "port_parallelability: SINGLE -> THREAD", "max_send_time: 0 -> 250"])
        self.assertEqual(self.content(), before.replace(
            "port_parallelability=SINGLE", "port_parallelability=THREAD").replace(
                "max_send_time=0", "max_send_time=250"))


class Settings(harness.Case):
    def options(self, *flags, environment=None):
        """What the document says of the settings; this needs no server."""
        child = self.client("127.0.0.1:%d" % self.ports.take()[0], "--json", "--connect-timeout",
                            "0.1", *flags, environment=environment)
        self.assert_exit(child, 3)
        return child.document()["start"]["options"]

    def write(self, text, *path):
        path = os.path.join(self.home, *path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_precedence(self):
        """Flags before the environment before the file before the defaults."""
        path = self.write("duration=11\nheartbeat_rate=22\nucm_rate=33\n", "config")
        environment = self.environment(WYNDRVR_HEARTBEAT_RATE="44", WYNDRVR_UCM_RATE="55")
        options = self.options("--config", path, "--ucm-rate", "66", environment=environment)
        self.assertEqual([options[name] for name in
                          ("duration", "heartbeat_rate", "ucm_rate", "ucm_delay")],
                         [11, 44, 66, 100])

    def test_environment_of_the_server(self):
        """It goes before the file, and the flag before it."""
        path = self.write("port_parallelability=SINGLE\n", "config")
        environment = self.environment(WYNDRVR_PORT_PARALLELABILITY="THREAD")
        for flags, threads in (((), 3), (("--port-parallelability", "SINGLE"), 0)):
            server = self.server("--config", path, *flags, environment=environment)
            client = self.client(server, "--count", "1")
            self.assert_exit(client, 0)
            harness.until(lambda: server.threads() == 1 + threads, "threads of the server")
            self.assertEqual(server.end(), 0)

    def test_places(self):
        """XDG's place before ~/.config before ~/.wyndrvr; --config also takes a folder."""
        without_xdg = self.environment()
        del without_xdg["XDG_CONFIG_HOME"]
        self.write("duration=1\n", ".wyndrvr", "config")
        self.assertEqual(self.options(environment=without_xdg)["duration"], 1)
        self.write("duration=2\n", ".config", "wyndrvr", "config")
        self.assertEqual(self.options(environment=without_xdg)["duration"], 2)
        self.write("duration=3\n", "xdg", "wyndrvr", "config")
        self.assertEqual(self.options()["duration"], 3)
        self.write("duration=4\n", "folder", "config")
        self.assertEqual(self.options("--config", os.path.join(self.home, "folder"))["duration"], 4)

    def refused(self, name, environment, *flags):
        child = self.start([harness.program(name)] + list(flags), environment)
        self.assert_exit(child, 2)
        self.assertEqual(child.out.lines, [])
        self.assertEqual(len(child.err.lines), 1, child)
        return child.err.lines[0]

    def test_refusals(self):
        """Of both programs, before anything is bound or sent."""
        unknown = self.write("port_paralelability=THREAD\n", "unknown")
        process = self.write("\nport_parallelability=PROCESS\n", "process")
        for name, word in (("WYNDRVR", "wyndrvr"), ("WYNDRVRD", "wyndrvrd")):
            self.assertEqual(self.refused(name, None, "--config", unknown), (
                "%s: %s:1: port_paralelability: unknown key; the closest is port_parallelability") %
                (word, unknown))
            not_available = "PROCESS is not available; allowed: SINGLE, THREAD"
            self.assertEqual(self.refused(name, None, "--config", process),
                             "%s: %s:2: port_parallelability: %s" % (word, process, not_available))
            self.assertEqual(
                self.refused(name, self.environment(WYNDRVR_PORT_PARALLELABILITY="PROCESS")),
                "%s: port_parallelability: %s (set by WYNDRVR_PORT_PARALLELABILITY)" %
                (word, not_available))
            self.assertEqual(
                self.refused(name, None, "--port-parallelability", "PROCESS"),
                "%s: port_parallelability: %s (set by --port-parallelability)" %
                (word, not_available))
            line = self.refused(name, self.environment(WYNDRVR_DURATION="long"))
            self.assertTrue(line.startswith(word + ": WYNDRVR_DURATION: "), line)
            missing = os.path.join(self.home, "missing")
            self.assertEqual(self.refused(name, None, "--config", missing),
                             "%s: %s: No such file or directory" % (word, missing))

    def test_refused_server_of_the_client(self):
        """What wyndrvrd refuses is refused by wyndrvr --server too."""
        line = self.refused("WYNDRVR", None, "--server", "--port-parallelability", "PROCESS")
        self.assertTrue(line.startswith("wyndrvrd: port_parallelability: PROCESS"), line)

    def test_help_and_version(self):
        """Whatever the file says."""
        self.write("nonsense\n", "xdg", "wyndrvr", "config")
        for name, word in (("WYNDRVR", "wyndrvr"), ("WYNDRVRD", "wyndrvrd")):
            version = self.start([harness.program(name), "--version"])
            self.assert_exit(version, 0)
            self.assertRegex("\n".join(version.out.lines), r"^%s \d+\.\d+\.\d+$" % word)
            text = self.start([harness.program(name), "--help"])
            self.assert_exit(text, 0)
            for flag in ("port-parallelability", "test-drop-rate", "config", "create-config"):
                self.assertIn("--" + flag, "\n".join(text.out.lines))


if __name__ == "__main__":
    unittest.main()
