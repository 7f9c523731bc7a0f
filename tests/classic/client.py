"""A classic client in one thread.

Owns: the handshake, the heartbeats, one upload test.
Policy: nothing here knows the extension; what a server sends must make sense to a program that has
never heard of it.
"""
import collections
import json
import random
import select
import socket
import sys
import time

import wire

CONNECTS = 5
CONNECT_INTERVAL_S = 1
COMMAND_PATIENCE_S = 10
RESULT_PATIENCE_S = 5
DEFAULT_SECONDS = 10
BURST = 32


def log(line):
    print(line, file=sys.stderr, flush=True)


class Upload:
    """The upload test as its sender sees it."""

    def __init__(self, args, key, now):
        self.channel = random.choice([c for c in random.sample(range(1, 1 << 24), 2) if c != key])
        self.send_s = args.duration or DEFAULT_SECONDS
        self.test_s = self.send_s
        self.command = {"cmd": "BWUP", "channel": self.channel, "duration": self.send_s}
        if args.no_duration_field:
            del self.command["duration"]
            self.test_s = wire.DEFAULT_DURATION_S
            self.send_s = args.duration or self.test_s
        self.payload = wire.dump({"dummy_data": "".join(
            random.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(args.bw_packet_length))})
        self.asked = self.next_command = now
        self.started = None
        self.acknowledgement = None
        self.history = collections.deque(maxlen=args.flow_control_rate)
        self.again = collections.deque()
        self.next_data = self.packets = self.retransmitted = self.bytes = 0
        self.commands = self.answers = self.reports = self.results = self.stale_reports = 0
        self.result = self.result_at = None

    def is_sending(self, now):
        return self.started is not None and self.result is None and now < self.started + self.send_s

    def next_number(self):
        """The data sequence to send next, old data first."""
        if not self.again:
            return self.next_data
        return self.again[0][0]

    def sent(self, number, size):
        self.packets += 1
        self.bytes += size
        if self.again:
            begin, end = self.again.popleft()
            if number < end:
                self.again.appendleft((number + 1, end))
            self.retransmitted += 1
        else:
            self.next_data += 1

    def take_report(self, spans):
        """Old data is sent again when the oldest and the newest report both miss it, and it had
        been sent before the oldest came."""
        self.history.append((spans, self.next_data))
        oldest, sent_then = self.history[0]
        lost = wire.intersect(wire.intersect(oldest, spans), [(0, sent_then - 1)] if sent_then else [])
        enough = len(self.history) > 1 or self.history.maxlen == 1
        self.again = collections.deque(lost if enough else [])

    def received_by_report(self):
        """How much of what was sent the newest report shows as received."""
        if not self.history:
            return 0
        spans = self.history[-1][0]
        top = min(self.next_data, spans[-1][1])
        return top - sum(min(end, top - 1) - begin + 1 for begin, end in spans if begin < top)

    def summary(self):
        return {"channel": self.channel, "packets_sent": self.packets, "bytes_sent": self.bytes,
                "unique_sent": self.next_data, "retransmitted": self.retransmitted,
                "commands": self.commands, "answers": self.answers, "reports": self.reports,
                "stale_reports": self.stale_reports, "results": self.results,
                "received_by_report": self.received_by_report(),
                "acknowledgement": self.acknowledgement, "result": self.result}


class Client:
    def __init__(self, args):
        self.args = args
        self.stopping = False
        self.referee = wire.Referee(args.impaired)
        self.dice = random.Random("%s %d" % (args.role, args.seed))
        self.server = (socket.gethostbyname(args.server[0]), args.server[1])
        self.main = wire.open_socket(("", 0))
        self.ports = []
        self.key = None
        self.assignment = None
        self.is_up = False
        self.stamps = [{} for _ in range(3)]
        self.heard = set()
        self.heartbeats = self.connects = 0
        self.next_heartbeat = 0
        self.upload = None

    def say(self, line):
        if not self.args.json:
            print(line, flush=True)

    def verbose(self, line):
        if self.args.test_verbose:
            log(line)

    def run(self):
        self.say("Connecting to server %s:%d" % self.server)
        complete = self.connect() and self.exchange()
        for port in self.ports:
            port.finish()
        if self.upload:
            self.print_result()
        print(json.dumps(dict({
            "role": "client", "connected": self.is_up, "complete": complete,
            "connects": self.connects, "assignment": self.assignment, "heartbeats": self.heartbeats,
            "ports": {port.name: port.summary() for port in self.ports},
            "upload": self.upload.summary() if self.upload else None},
            **self.referee.summary())), flush=True)
        return 0 if complete and not self.referee.count else 1

    # The handshake

    def connect(self):
        for _ in range(CONNECTS):
            self.main.sendto(b"CONNECT", self.server)
            self.connects += 1
            until = time.monotonic() + CONNECT_INTERVAL_S
            while not self.stopping and time.monotonic() < until:
                if select.select([self.main], [], [], max(0, until - time.monotonic()))[0]:
                    self.read_main()
                if self.assignment:
                    return True
            if self.stopping:
                break
        log("Timeout waiting for server response")
        return False

    def read_main(self):
        try:
            datagram, source = self.main.recvfrom(65536)
        except OSError:
            return
        if source != self.server:
            self.referee.blame("wrong address", "answer from %s:%d" % source)
            return
        try:
            text = datagram.decode("ascii")
            fields = text.split(",")
            numbers = [int(field) for field in fields]
            canonical = fields == [str(n) for n in numbers] and len(numbers) == 4
        except ValueError:
            text, canonical = repr(datagram[:60]), False
        if not canonical:
            self.referee.blame("bad answer to CONNECT", text)
            return
        if self.assignment is None:
            self.assign(text, numbers)
        elif text != self.assignment:
            self.referee.blame("another answer to the same CONNECT", text)

    def assign(self, text, numbers):
        ports, self.key = numbers[:3], numbers[3]
        if len(set(ports)) != 3 or not all(0 < p < 65536 for p in ports) or \
                not 0 <= self.key <= wire.MAX_KEY:
            self.referee.blame("bad answer to CONNECT", text)
            return
        self.assignment = text
        self.say("Received port assignment: CONTROL=%d, UPLOAD=%d, DOWNLOAD=%d, key=%d" %
                 tuple(numbers))
        for index, number in enumerate(ports):
            port = wire.Port(index, wire.open_socket(("", 0)), self.referee, self.dice,
                             self.args.drop)
            port.peer = (self.server[0], number)
            self.ports.append(port)
        self.verbose("Client started port threads (THREAD mode)")

    # Heartbeats and the test

    def exchange(self):
        """Runs until all is done; returns whether it got all that was asked for."""
        began = time.monotonic()
        sockets = [self.main] + [port.sock for port in self.ports]
        while not self.stopping:
            now = time.monotonic()
            if not self.is_up and now > began + CONNECTS * CONNECT_INTERVAL_S:
                log("Timeout waiting for server response")
                return False
            if self.is_up and self.is_done(now):
                break
            self.due(now)
            for sock in select.select(sockets, [], [], self.patience(now))[0]:
                if sock is self.main:
                    self.read_main()
                else:
                    self.read_port(next(p for p in self.ports if p.sock is sock))
        return self.is_up and (not self.args.bwup or bool(self.upload and self.upload.result))

    def is_done(self, now):
        upload = self.upload
        if not self.args.bwup:
            return self.heartbeats >= self.args.heartbeats and now >= self.next_heartbeat
        if upload is None:
            return False
        if upload.result is not None:
            return now >= upload.result_at + self.args.linger
        if upload.started is None:
            return now >= upload.asked + COMMAND_PATIENCE_S
        return now >= upload.started + upload.test_s + RESULT_PATIENCE_S

    def patience(self, now):
        if self.upload and self.upload.is_sending(now):
            if not self.args.rate:
                return 0
            ahead = self.upload.bytes - self.args.rate / 8 * (now - self.upload.started)
            return min(0.05, max(0, ahead * 8 / self.args.rate))
        return 0.01

    def due(self, now):
        if now >= self.next_heartbeat and (self.args.bwup or self.heartbeats < self.args.heartbeats):
            self.next_heartbeat = now + self.args.heartbeat_ms / 1e3
            self.heartbeats += 1
            for port in self.ports:
                self.send_heartbeat(port)
        if not self.args.bwup or not self.is_up:
            return
        if self.upload is None:
            self.upload = Upload(self.args, self.key, now)
        upload = self.upload
        if upload.started is None and now >= upload.next_command:
            upload.next_command = now + self.args.ucm_delay_ms / 1e3
            upload.commands += 1
            self.ports[wire.PORT_CONTROL].send(wire.CONTROL, upload.channel,
                                               wire.dump(upload.command))
            self.verbose("Client sent BWUP")
        self.send_data(upload, now)

    def send_heartbeat(self, port):
        now = time.monotonic()
        sent = wire.stamp(now, self.args.string_timestamps)
        stamps = self.stamps[port.index]
        stamps[sent] = now
        if len(stamps) > 1000:
            del stamps[next(iter(stamps))]
        port.send(wire.HEARTBEAT_0, self.key, wire.dump({"timestamp": sent}))

    def send_data(self, upload, now):
        if not upload.is_sending(now):
            return
        size = wire.HEADER.size + len(upload.payload)
        room = BURST
        if self.args.rate:
            owed = self.args.rate / 8 * (now - upload.started) - upload.bytes
            room = min(BURST, int(owed // size) + 1)
        for _ in range(room):
            number = upload.next_number()
            if not self.ports[wire.PORT_UPLOAD].send(
                    wire.BANDWIDTH_TEST, upload.channel, upload.payload, number):
                return
            upload.sent(number, size)

    # What arrives

    def read_port(self, port):
        while True:
            packet = port.receive()
            if packet is False:
                return
            if packet is not None:
                self.input(port, packet)

    def input(self, port, packet):
        kind, channel, _sequence, _offset, body, latest = packet
        test = self.upload.channel if self.upload else None
        expected = {(wire.PORT_CONTROL, wire.CONTROL): test,
                    (wire.PORT_CONTROL, wire.TEST_RESULT): test,
                    (wire.PORT_UPLOAD, wire.FLOW_CONTROL): test}
        expected[port.index, wire.HEARTBEAT_1] = self.key
        where = "%s on %s" % (wire.TYPE_NAMES[kind], port.name)
        if (port.index, kind) not in expected:
            self.referee.blame("wrong type", where)
        elif channel != expected[port.index, kind]:
            self.referee.blame("wrong channel", "%s: %d instead of %s" %
                               (where, channel, expected[port.index, kind]))
        elif kind == wire.FLOW_CONTROL:
            self.flow_control(body, latest)
        else:
            values = port.parse(kind, body)
            if values is None:
                return
            if kind == wire.HEARTBEAT_1:
                self.heartbeat(port, values)
            elif kind == wire.CONTROL:
                self.acknowledgement(values)
            else:
                self.test_result(values)

    def heartbeat(self, port, values):
        now = time.monotonic()
        demands = {"client_timestamp": wire.is_stamp, "server_timestamp": wire.is_stamp}
        if not self.referee.check(values, demands, "HEARTBEAT_1"):
            return
        began = self.stamps[port.index].get(values["client_timestamp"])
        if began is None:
            self.referee.blame("stamp came back changed", "%s: %r" % (port.name, values))
            return
        port.note_round_trip(now - began)
        log("Client latency %-9s: %.2f ms" % (port.name, (now - began) * 1e3))
        port.send(wire.HEARTBEAT_2, self.key, wire.dump(
            {"client_timestamp": values["client_timestamp"],
             "server_timestamp": values["server_timestamp"]}))
        self.heard.add(port.index)
        if len(self.heard) == 3 and not self.is_up:
            self.is_up = True
            self.say("Client connected successfully")

    def acknowledgement(self, values):
        upload = self.upload
        demands = {"cmd": lambda v: v == "BWUP", "ack": lambda v: wire.is_integer(v) and v == 0,
                   "channel": lambda v: wire.is_integer(v) and v == upload.channel,
                   "uid": wire.is_uuid}
        if "duration" in values:
            demands["duration"] = lambda v: wire.is_integer(v) and v > 0
        if not self.referee.check(values, demands, "BWUP acknowledgement"):
            return
        upload.answers += 1
        if upload.acknowledgement is None:
            self.verbose("Client received BWUP ack from server")
            upload.acknowledgement = values
            upload.started = time.monotonic()
            # A server that ignores the duration doesn't name one.
            upload.test_s = values.get("duration", wire.DEFAULT_DURATION_S)
            upload.send_s = min(upload.send_s, upload.test_s)
        elif values != upload.acknowledgement:
            self.referee.blame("another acknowledgement of the same test", repr(values))

    def flow_control(self, body, latest):
        upload = self.upload
        try:
            spans, extra = wire.decode_spans(body)
        except ValueError as e:
            self.referee.blame("bad FLOW_CONTROL", str(e))
            return
        upload.reports += 1
        self.verbose("Client received FLOW_CONTROL")
        if extra:
            self.referee.blame("extension sent to a classic peer",
                               "%d bytes behind the spans" % extra)
        if not spans:
            self.referee.blame("bad FLOW_CONTROL", "all of 2^64 received")
            return
        if not latest:
            upload.stale_reports += 1
            return
        begin, end = spans[-1]
        if end == wire.LAST and begin > upload.next_data:
            self.referee.blame("report of data never sent", "up to %d, sent up to %d" %
                               (begin - 1, upload.next_data - 1))
            return
        if upload.history:
            before = upload.history[-1][0]
            known = [(b, e) for b, e in spans if b <= before[-1][1]]
            known = [(b, min(e, before[-1][1])) for b, e in known]
            if wire.intersect(before, known) != known:
                self.referee.blame("data missing again after it was received", "%s after %s" %
                                   (spans[:6], before[:6]))
        upload.take_report(spans)

    def test_result(self, values):
        upload = self.upload
        demands = {"cmd": lambda v: v == "TEST_RESULT", "ack": lambda v: wire.is_integer(v) and v == 1,
                   "guid": wire.is_uuid, "bytes_received": wire.is_count,
                   "uid": lambda v: bool(upload.acknowledgement) and v == upload.acknowledgement["uid"],
                   "channel": lambda v: wire.is_integer(v) and v == upload.channel,
                   "bandwidth_bps": lambda v: wire.is_number(v) and v >= 0,
                   "retransmit_count": wire.is_count,
                   "duration": lambda v: wire.is_number(v) and v >= 0}
        if "packet_count" in values:
            demands["packet_count"] = wire.is_count
        if not self.referee.check(values, demands, "TEST_RESULT"):
            return
        upload.results += 1
        if upload.result is None:
            upload.result, upload.result_at = values, time.monotonic()
            if not self.referee.impaired and (values["bytes_received"] > upload.bytes or
                                              values.get("packet_count", 0) > upload.packets):
                self.referee.blame("more received than sent", repr(values))
        elif values != upload.result:
            self.referee.blame("another result of the same test", repr(values))
        self.ports[wire.PORT_CONTROL].send(wire.TEST_RESULT, upload.channel, wire.dump(
            {"cmd": "TEST_RESULT", "ack": 0, "guid": values["guid"]}))

    def print_result(self):
        result = self.upload.result
        self.say("=== Upload Bandwidth Test Results ===")
        if result is None:
            self.say("No result; received by the last report: %d of %d" %
                     (self.upload.received_by_report(), self.upload.next_data))
            return
        for label, key in (("Bytes received", "bytes_received"), ("Bandwidth (bps)", "bandwidth_bps"),
                           ("Retransmissions", "retransmit_count"), ("Packets", "packet_count"),
                           ("Duration (s)", "duration")):
            if key in result:
                self.say("%s: %s" % (label, result[key]))
