"""Pre-shared keys: clients with none or a wrong one are refused, nobody is downgraded to classic, and the
secret appears nowhere."""
import glob
import os
import re
import threading

from lab import MAIN_PORT, Case, figure, main, program, run


class Keys(Case):
    def key_file(self, name, mode=0o600):
        """A new key in a file of its own: path and secret."""
        line = run([program("WYNDRVR"), "--genkey"])
        path = os.path.join(self.home, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(line)
        os.chmod(path, mode)
        return path, max(re.findall(r"[A-Za-z0-9+/=_-]{20,}", line), key=len)

    def test_who_is_let_in(self):
        good, secret = self.key_file("good")
        wrong, wrong_secret = self.key_file("wrong")
        server = self.server("--key-file", good, "--test-verbose")
        for name, flags in (("no key", ()), ("wrong key", ("--key-file", wrong))):
            client = self.client("--count", 1, *flags)
            self.assert_exit(client, 5)
            client.err.wait(r"wyndrvr: The server refused \(auth\): .*")
            client = self.client("--json", "--bwup", "--duration", 1, *flags)
            self.assert_exit(client, 5)
            self.assertEqual(client.document()["error"]["code"], "refused", name)
        self.assertEqual(server.out.find("Client connected: .*"), [])
        document = self.measure("--bwboth", "--rate", "2M", "--duration", 1, "--test-verbose", "--key-file", good)
        self.assert_agreed(document["end"]["tests"][0], server)
        self.assert_exit(self.client("--count", 1, "--test-verbose", "--key-file", good), 0)
        self.assert_nowhere(server, secret, wrong_secret)

    def assert_nowhere(self, server, *secrets):
        """Not in arguments, environment, log, text or JSON; nor in raw form."""
        with open("/proc/%d/cmdline" % server.pid) as arguments:
            texts = [arguments.read()]
        with open("/proc/%d/environ" % server.pid) as environment:
            texts.append(environment.read())
        server.end()
        for child in self.children:
            texts += child.out.lines + child.err.lines
        for secret in secrets:
            self.assertGreaterEqual(len(secret), 40)
            # Any long part of it is too much.
            self.assertEqual([t for t in texts if any(
                secret[i:i + 12] in t for i in range(0, len(secret) - 12, 4))], [])
        figure("secrets", "%d in %d lines of output: none" % (len(secrets), len(texts)))
        self.assertEqual(glob.glob(os.path.join(self.home, "core*")), [])

    def test_file_that_others_can_read(self):
        refused = 0
        for mode in (0o644, 0o640, 0o604, 0o660, 0o602):
            path, secret = self.key_file("open", mode)
            for child in (self.start("server", [program("WYNDRVRD"), "--key-file", path]),
                          self.client("--count", 1, "--key-file", path)):
                self.assert_exit(child, 2)
                text = "\n".join(child.out.lines + child.err.lines)
                self.assertIn("key_file", text)
                self.assertNotIn(secret, text)
                self.assertNotIn("Server started", text)
                refused += 1
        figure("readable_key_files", "%d refused" % refused)

    def test_no_key_in_arguments(self):
        secret = self.key_file("good")[1]
        for name in ("--key", "--psk", "--secret"):
            self.assert_exit(self.client(name, secret), 2)

    def test_not_talked_down_to_classic(self):
        """A forger on the way answers faster than the server, in the classic way."""
        path, _ = self.key_file("good")
        server = self.server("--key-file", path)
        self.lab.nft("""table ip forger {
            chain in {
                type nat hook prerouting priority -100;
                iifname "to_client" udp dport %d dnat to 10.77.1.254:%d
            }
        }""" % (MAIN_PORT, MAIN_PORT))
        forger, trap = self.lab.udp("router", ("10.77.1.254", MAIN_PORT)), self.lab.udp("router", ("", 7000))
        forged, trapped = [0], []

        def forge():
            while True:
                try:
                    question, client = forger.recvfrom(2048)
                except OSError:
                    return
                if not question:
                    return
                forger.sendto(b"7000,7001,7002,26970", client)
                forged[0] += 1

        thread = threading.Thread(target=forge, daemon=True)
        thread.start()
        client = self.client("--bwup", "--duration", 1, "--connect-timeout", 1.5, "--key-file", path)
        self.assert_exit(client, 3)
        self.assertEqual(client.out.find("Client connected successfully"), [])
        client.err.wait(".*answers as a classic server only, which a client with a key doesn't take")
        trap.setblocking(False)
        with self.assertRaises(BlockingIOError):
            trapped.append(trap.recv(2048))
        figure("downgrade", "%d forged classic answers, none taken" % forged[0])
        self.assertGreater(forged[0], 1)
        # Both the forger's answers and the server's: only these count.
        self.lab.nft("delete table ip forger")
        self.lab.forget_connections()
        with self.lab.udp("router") as sender:
            sender.sendto(b"", ("10.77.1.254", MAIN_PORT))
        thread.join()
        forger.close()
        trap.close()
        document = self.measure("--bwdown", "--rate", "2M", "--duration", 1, "--key-file", path)
        self.assertIs(document["start"]["classic"], False)
        self.assert_agreed(document["end"]["tests"][0], server)

    def test_welcome_without_the_key(self):
        """A server that doesn't hold the key can't pass for one that does."""
        path, _ = self.key_file("good")
        self.server()
        client = self.client("--bwup", "--duration", 1, "--connect-timeout", 1.5, "--key-file", path)
        self.assert_exit(client, 3)
        self.assertEqual(client.out.find("Client connected successfully"), [])


if __name__ == "__main__":
    main()
