"""A server that lies: where it sends the client, what it limits, what it says. The client sends nothing to
where it has no business to, shows nothing that a terminal would obey, and ends."""
import json
import re
import struct
import threading
import time
import unicodedata

from lab import (BANDWIDTH_TEST, CLIENT, MAIN_PORT, OTHER, SERVER, SLOWER, Capture, Case, figure, main,
                 udp_packet)

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2066\u200b\u200f\ufeff\r\x08 visible"
DANGEROUS = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
HEARTBEAT_0, HEARTBEAT_1, COMMAND, RESULT = 0, 1, 6, 7
EARLY = 20  # the data packet at which a test's result comes


def packet(kind, channel, body, sequence=0):
    return struct.pack("!IQQ", kind << 24 | channel, sequence, 0) + body


class HostileServer(threading.Thread):
    """Answers on the main port by `answer(question, client)`, a list of payloads, and on three others as a
    classic server that says `acknowledge` and `result`."""

    def __init__(self, lab, answer, acknowledge=None, result=None):
        super().__init__(daemon=True)
        self._answer, self._acknowledge, self._result = answer, acknowledge, result
        self.questions, self._asked, self._stopping = [], {}, False
        self._main = lab.udp("server", (SERVER, MAIN_PORT))
        self._ports = [lab.udp("server", (SERVER, 7000 + i)) for i in range(3)]
        self._threads = [threading.Thread(target=self._serve, args=(s,), daemon=True) for s in self._ports]
        for sock in [self._main] + self._ports:
            sock.settimeout(0.05)
        for thread in [self] + self._threads:
            thread.start()

    def _receive(self, sock):
        while not self._stopping:
            try:
                yield sock.recvfrom(2048)
            except TimeoutError:
                continue

    def run(self):
        for question, client in self._receive(self._main):
            self.questions.append((question, client))
            for text in self._answer(question, client):
                self._main.sendto(text, client)

    def _serve(self, sock):
        for text, client in self._receive(sock):
            kind, channel, body = text[0], int.from_bytes(text[1:4], "big"), text[20:]
            if kind == HEARTBEAT_0:
                stamp = re.search(rb'"timestamp": ([^,}]*)', body)[1]
                sock.sendto(packet(HEARTBEAT_1, channel, b'{"client_timestamp": %s, "server_timestamp": 1.5}'
                                   % stamp), client)
            elif kind == COMMAND and self._acknowledge:
                self._asked[channel] = client
                sock.sendto(packet(COMMAND, channel, self._acknowledge(channel)), client)
            elif kind == BANDWIDTH_TEST and int.from_bytes(text[4:12], "big") == EARLY:
                self._ports[0].sendto(packet(RESULT, channel, self._result(channel)), self._asked[channel])

    def stop(self):
        self._stopping = True
        for thread in [self] + self._threads:
            thread.join()
        for sock in [self._main] + self._ports:
            sock.close()


def nonce(question):
    return re.search(rb'"nonce":"([0-9a-f]{32})"', question)[1].decode()


def document(**fields):
    """An answer of an extended server to each question."""
    return lambda question, client: [json.dumps(dict(
        {"wyndrvr": 1, "nonce": nonce(question)}, **fields)).encode()]


def welcome(**fields):
    return document(**dict({"token": "ab" * 16, "ports": [7000, 7001, 7002], "key": 1,
                            "features": ["bwdn", "reports", "result"]}, **fields))


class Hostile(Case):
    def face(self, answer, *flags, seconds=None, **fake):
        """A client that has met such a server: the client, its exit, and all packets that it sent."""
        server = HostileServer(self.lab, answer, **fake)
        capture = Capture(self.lab, "to_client", lambda p: p.source[0] == CLIENT)
        client = self.client("--connect-timeout", 0.7, *flags)
        try:
            code = client.wait(seconds)
        finally:
            server.stop()
            sent = capture.stop()
        self.assertGreater(len(server.questions), 0)
        return client, code, sent

    def face_all(self, answers, code):
        """As many clients at once, of which each meets an answer of its own, and sends nothing but to the
        main port."""
        met = {}
        lock = threading.Lock()

        def answer(question, client):
            with lock:
                which = met.setdefault(client, len(met))
            return answers[which % len(answers)](question, client)

        server = HostileServer(self.lab, answer)
        capture = Capture(self.lab, "to_client", lambda p: p.source[0] == CLIENT)
        clients = [self.client("--connect-timeout", 1.5) for _ in answers]
        codes = [client.wait() for client in clients]
        server.stop()
        sent = capture.stop()
        self.assertEqual(len(met), len(answers))
        self.assertEqual(codes, [code] * len(answers), "\n".join(map(str, clients)))
        self.assertEqual({p.target for p in sent}, {(SERVER, MAIN_PORT)})
        for client in clients:
            self.assert_harmless(client)

    def assert_harmless(self, client):
        """Nothing but letters and line ends."""
        text = "\n".join(client.out.lines + client.err.lines)
        bad = {"U+%04X" % ord(c) for c in text if unicodedata.category(c) in DANGEROUS and c != "\n"}
        self.assertEqual(bad, set(), ascii(text))
        self.assertNotIn("\ufffd", text)
        return text

    def test_ports_where_it_has_no_business(self):
        lists = [[80, 443, 53], [1023, 7001, 7002], [7000, 22, 7002], [0, 7001, 7002], [65536, 7001, 7002],
                 [7000, 7000, 7000], [7000, 7001], [7000, 7001, 7002, 7003], [-1, 7001, 7002],
                 [7000.5, 7001, 7002], ["7000", 7001, 7002], "7000", None]
        answers = [welcome(ports=ports) for ports in lists]
        classic = [b"80,443,53,1", b"1023,7001,7002,1", b"7000,7001,123,1", b"0,0,0,0", b"65536,7001,7002,1",
                   b"7000,7001,7002,60001000000", b"-1,7001,7002,1", b"7000,7001,7002", b"",
                   b"7000,7001,7002,1,1", b"\x1b[2J,1,1,1"]
        answers += [lambda question, client, text=text: [text] for text in classic]
        self.face_all(answers, 3)
        figure("ports_refused", "%d answers, no packet anywhere but to the main port" % len(answers))

    def test_absurd_terms(self):
        cases = [{"caps": {"rate": rate}} for rate in (-1, 1e308, 2 ** 64, "1", [1], 2 ** 200)]
        cases += [{"caps": {"duration": d}} for d in (-1, 1e308, 2 ** 32, "1")]
        cases += [{"caps": []}, {"caps": "none"}, {"key": -1}, {"key": 2 ** 24}, {"token": "ab"},
                  {"token": "zz" * 16}, {"features": {"a": 1}}, {"features": [1]}, {"wyndrvr": 2},
                  {"wyndrvr": "1"}, {"nonce": "00" * 16}]
        self.face_all([welcome(**fields) for fields in cases], 3)
        # Limits that are merely strange are shown, and nothing comes of it without the secret's proof.
        for caps in ({"rate": 1, "duration": 1, "tests": 0}, {"rate": 2 ** 53 - 1, "duration": 2 ** 32 - 1}):
            client, code, _ = self.face(welcome(caps=caps), "--bwdown")
            self.assertEqual(code, 3, str(client))
            self.assert_harmless(client)
        figure("absurd_terms", "%d refused" % len(cases))

    def test_text(self):
        plain = re.sub("[^ -~]", "", EVIL)
        screens = []
        for text in (plain, EVIL):
            for flags in ((), ("--json",)):
                client, code, _ = self.face(document(refused="busy", wait=2 ** 32 - 1, text=text), *flags)
                self.assertEqual(code, 5, str(client))
                screens.append(self.assert_harmless(client))
                self.assertIn("visible", screens[-1])
        long, code, _ = self.face(document(refused="limit", wait=1, text="A" * 350))
        self.assertEqual(code, 5)
        self.assertLess(max(len(line) for line in long.err.lines), 200)
        # Line by line the hostile one's screen is like the harmless one's.
        for harmless, hostile in ((screens[0], screens[2]), (screens[1], screens[3])):
            self.assertEqual(len(harmless.splitlines()), len(hostile.splitlines()))
        figure("hostile_text", "no control, bidi or zero-width character shown")

    def test_endless_wait(self):
        """Busy for 136 years doesn't outlast --wait."""
        began = time.monotonic()
        _, code, sent = self.face(document(refused="busy", wait=2 ** 32 - 1, text="later"), "--wait", 1)
        self.assertEqual(code, 5)
        self.assertLess(time.monotonic() - began, 5 * SLOWER)
        self.assertLess(len(sent), 20)

    def test_classic_result(self):
        """Absurd figures and texts in what a classic server acknowledges and reports."""
        def acknowledge(channel):
            return json.dumps({"cmd": "BWUP", "ack": 0, "channel": channel, "duration": 1, "uid": EVIL[8:24]}).encode()

        sizes, seen = (0, 2 ** 53 - 1, 2 ** 64 - 1, 1e308, -1), {}

        def result(channel):
            n = sizes[seen.setdefault(channel, len(seen)) % len(sizes)]
            return json.dumps({
                "cmd": "TEST_RESULT", "ack": 1, "guid": EVIL[8:24], "uid": EVIL[8:24], "channel": channel,
                "bytes_received": n, "bandwidth_bps": n, "retransmit_count": n, "packet_count": n,
                "duration": n}).encode()

        server = HostileServer(self.lab, lambda question, client: [b"7000,7001,7002,26970"], acknowledge,
                               result)
        capture = Capture(self.lab, "to_client", lambda p: p.source[0] == CLIENT)
        clients = [self.client("--bwup", "--duration", 1, "--rate", "1M", *flags)
                   for flags in ((), ("--json",)) for _ in sizes]
        for client in clients:
            self.assertIn(client.wait(20 * SLOWER), (0, 1), str(client))
            self.assertNotIn("nan", self.assert_harmless(client).lower().split())
            if "--json" in client.arguments:
                client.document()
        server.stop()
        sent = capture.stop()
        self.assertGreaterEqual(len(seen), len(sizes))
        self.assertEqual({p.target[0] for p in sent}, {SERVER})
        # Their time is up when it is, whatever the server says.
        longest = 0
        for source in {p.source for p in sent if p.type == BANDWIDTH_TEST}:
            data = [p.time_s for p in sent if p.source == source and p.type == BANDWIDTH_TEST]
            longest = max(longest, data[-1] - data[0])
        figure("classic_results", "%d clients end, longest sending %.2f s of 1" % (len(clients), longest))
        self.assertGreater(longest, 0.1)
        self.assertLess(longest, 1.5 * SLOWER)

    def test_answers_from_elsewhere(self):
        """Another host knows the question and answers it, from its own address and port or with the
        server's port: it is not heard, and nothing is sent to it."""
        self.lab.other()
        raw = self.lab.raw("other")
        self.addCleanup(raw.close)

        def answer(question, client):
            for text in (b"7000,7001,7002,1", welcome()(question, client)[0],
                         document(cookie="cd" * 16)(question, client)[0],
                         document(refused="busy", wait=1, text="from elsewhere")(question, client)[0]):
                for port in (MAIN_PORT, 7000):
                    raw.sendto(udp_packet((OTHER, port), client, text), (client[0], 0))
                # The server's own address, but another port of it.
                raw.sendto(udp_packet((SERVER, 7000), client, text), (client[0], 0))
            return []

        client, code, sent = self.face(answer)
        self.assertEqual(code, 3, str(client))
        self.assertEqual({p.target for p in sent}, {(SERVER, MAIN_PORT)})
        self.assertNotIn("elsewhere", self.assert_harmless(client))
        figure("answers_from_elsewhere", "none heard, %d packets, all to the server" % len(sent))


if __name__ == "__main__":
    main()
