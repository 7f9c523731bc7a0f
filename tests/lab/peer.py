"""An extended client that does what a test tells it, right or wrong: the handshake, the proof of
its addresses, commands, and reports of a download. For servers in the lab."""
import hashlib
import json
import os
import socket
import struct
import time

from lab import BANDWIDTH_TEST, DEADLINE_S, FLOW_CONTROL, MAIN_PORT, SERVER

HELLO_BYTES = 512
PREFIX = b'CONNECT {"wyndrvr":1,'
CONTROL, UPLOAD, DOWNLOAD = range(3)
HEARTBEAT_0, HEARTBEAT_1, HEARTBEAT_2, COMMAND = 0, 1, 2, 6
TAG = 16


def question(nonce, cookie=None, pad=True):
    """The extended CONNECT; without its padding when the test says so."""
    text = PREFIX + b'"nonce":"%s","features":["bwdn","reports","result"]' % nonce.hex().encode()
    if cookie:
        text += b',"cookie":"%s"' % cookie.encode()
    text += b',"pad":"'
    return text + b"0" * ((HELLO_BYTES - len(text) - 2) if pad else 1) + b'"}'


class Refused(Exception):
    """The server's answer that says no."""


class Peer:
    """One session: three sockets and the one that asked."""

    def __init__(self, lab, host="client", address="", server=SERVER):
        self._lab, self._host, self._address, self.server = lab, host, address, server
        self.nonce = os.urandom(16)
        self.main = lab.udp(host, (address, 0))
        self.main.settimeout(0.5)
        self.sockets, self.counters = [], [0, 0, 0]

    def close(self):
        for sock in [self.main] + self.sockets:
            sock.close()

    def _ask(self, text):
        ends = time.monotonic() + DEADLINE_S
        while time.monotonic() < ends:
            self.main.sendto(text, (self.server, MAIN_PORT))
            try:
                answer = json.loads(self.main.recv(2048))
            except socket.timeout:
                continue
            if answer.get("nonce") == self.nonce.hex():
                return answer
        raise AssertionError("no answer to CONNECT")

    def connect(self):
        """Gets ports; raises Refused with the answer when the server has none for us."""
        answer = self._ask(question(self.nonce))
        self.cookie = answer["cookie"]
        answer = self._ask(question(self.nonce, self.cookie))
        if "refused" in answer:
            raise Refused(answer)
        self.ports, self.key = answer["ports"], answer["key"]
        self.secret = hashlib.blake2b(self.nonce + bytes.fromhex(answer["token"]),
                                      digest_size=32).digest()
        for _ in self.ports:
            self.sockets.append(self._lab.udp(self._host, (self._address, 0)))
        return self

    def packet(self, port, kind, channel, body, sequence=0):
        """A sealed message of the client."""
        header = struct.pack("!IQQ", kind << 24 | channel, sequence, self.counters[port])
        self.counters[port] += 1
        tag = hashlib.blake2b(bytes([0, port]) + header + body, key=self.secret).digest()[:TAG]
        return header + body + tag

    def send(self, port, *message, **more):
        self.sockets[port].sendto(self.packet(port, *message, **more), (self.server, self.ports[port]))

    def receive(self, port, kind):
        """Body of the next message of that kind."""
        ends = time.monotonic() + DEADLINE_S
        while time.monotonic() < ends:
            packet = self.sockets[port].recv(2048)
            if packet[0] == kind:
                return packet[20:-TAG]
        raise AssertionError("no message of type %d" % kind)

    def beat(self, port):
        """One round of heartbeats: the server knows this port's address then."""
        stamp = "%.6f" % time.monotonic()
        self.send(port, HEARTBEAT_0, self.key, b'{"timestamp": %s, "pad": "%s"}' % (
            stamp.encode(), b"0" * 120))
        answer = json.loads(self.receive(port, HEARTBEAT_1))
        self.send(port, HEARTBEAT_2, self.key, json.dumps({
            "client_timestamp": answer["client_timestamp"],
            "server_timestamp": answer["server_timestamp"], "held_ns": 0, "proven": 1}).encode())

    def prove(self):
        for port in range(3):
            self.beat(port)
        for port in range(3):
            self.beat(port)
        return self

    def download(self, duration_s, rate_bps, length):
        """Asks for a download; the server's answer."""
        self.channel = 4711
        self.reports = 0
        command = {"cmd": "BWDN", "channel": self.channel, "duration": duration_s, "rate": rate_bps,
                   "length": length}
        self.send(CONTROL, COMMAND, self.channel, json.dumps(command).encode())
        return json.loads(self.receive(CONTROL, COMMAND))

    def report(self, received=None, receipt=None):
        """A report that all has arrived up to a data packet's channel sequence. Its receipt is the
        packet's own unless another one is given."""
        sequence, number = received or (0, 0)
        above = sequence + 1 if received else 0
        if receipt is not None:
            number = receipt
        body = struct.pack("!I2Q", 1, above, 2 ** 64 - 1)
        body += struct.pack("!HHI", 1, 136, 0)
        body += struct.pack("!9Q2q3QQ", 0, time.monotonic_ns(), above, above * 1000, above, 0, 0, 0, above,
                            0, 0, 0, sequence, number, 0)
        body += struct.pack("!Q", 0)
        self.send(DOWNLOAD, FLOW_CONTROL, self.channel, body, sequence=self.reports)
        self.reports += 1

    def take_data(self):
        """Channel sequence and receipt of the next data packet."""
        while True:
            packet = self.sockets[DOWNLOAD].recv(2048)
            if packet[0] == BANDWIDTH_TEST:
                return (int.from_bytes(packet[4:12], "big"), int.from_bytes(packet[28:36], "big"))
