"""A classic server in one thread.

Owns: the main port, the three ports of each client, and the upload tests.
Policy: a client is known by the address of its main socket; every command may come again and gets
the same answer again.
"""
import json
import random
import select
import sys
import time
import uuid

import wire

RESULT_INTERVAL_S = 0.1
RESULT_PATIENCE_S = 10
BATCH = 256
BODIES_READ = 64


def log(line):
    print(line, file=sys.stderr, flush=True)


class Upload:
    """One upload test as its receiver sees it."""

    def __init__(self, channel, duration, now):
        self.channel, self.duration = channel, duration
        self.uid, self.guid = str(uuid.uuid4()), str(uuid.uuid4())
        self.started = self.next_report = now
        self.ends = now + duration
        self.missing = wire.Missing()
        self.highest = -1
        # Repeats are packets known to carry old data: later in sequence than all before them.
        self.packets = self.bytes = self.unique = self.repeats = self.retransmissions = 0
        self.late_packets = self.commands = self.reports = self.results = self.acks = 0
        self.first_data = self.last_data = None
        self.acknowledged = False
        self.result = None
        self.next_result = None

    def take(self, number, size, is_latest, now):
        self.packets += 1
        self.bytes += size
        self.last_data = now
        if self.first_data is None:
            self.first_data = now
        if number <= self.highest:
            self.retransmissions += 1
        self.highest = max(self.highest, number)
        if self.missing.take(number):
            self.unique += 1
        elif is_latest:
            self.repeats += 1

    def close(self, now, with_packet_count):
        seconds = now - self.started
        self.result = {"cmd": "TEST_RESULT", "ack": 1, "guid": self.guid, "uid": self.uid,
                       "channel": self.channel, "bytes_received": self.bytes,
                       "bandwidth_bps": self.bytes * 8 / seconds,
                       "retransmit_count": self.retransmissions, "duration": seconds}
        if with_packet_count:
            self.result["packet_count"] = self.packets
        self.next_result = now

    def summary(self):
        seconds = (self.last_data - self.first_data) if self.packets > 1 else 0
        return {"channel": self.channel, "duration": self.duration, "uid": self.uid,
                "guid": self.guid, "packets": self.packets, "bytes": self.bytes,
                "unique": self.unique, "duplicates": self.packets - self.unique,
                "highest_data_sequence": self.highest, "late_packets": self.late_packets,
                "data_seconds": seconds, "commands": self.commands, "reports": self.reports,
                "results_sent": self.results, "acks": self.acks,
                "acknowledged": self.acknowledged, "result": self.result}


class Guest:
    """One client: its three ports, key and tests."""

    def __init__(self, source, ports, key, now):
        self.source, self.ports, self.key = source, ports, key
        self.name = "%s:%d" % source
        numbers = [port.sock.getsockname()[1] for port in ports] + [key]
        self.answer = ",".join(map(str, numbers)).encode("ascii")
        self.is_up = False
        self.last_heard = now
        self.connects = 0
        self.stamps = [{} for _ in ports]
        self.uploads = {}
        self.unheard_commands = 0

    def summary(self):
        return {"address": self.name, "connects": self.connects, "comms_up": self.is_up,
                "key": self.key, "assignment": self.answer.decode("ascii"),
                "ports": {port.name: port.summary() for port in self.ports},
                "unheard_commands": self.unheard_commands,
                "uploads": [upload.summary() for upload in self.uploads.values()]}

    def has_ended_control(self):
        return any(upload.acknowledged for upload in self.uploads.values())


class Server:
    def __init__(self, args):
        self.args = args
        self.stopping = False
        self.referee = wire.Referee(args.impaired)
        self.dice = random.Random("%s %d" % (args.role, args.seed))
        self.main = wire.open_socket(args.bind)
        self.guests = {}
        self.gone = []
        self.refused = 0
        self.longest_connect = 0

    def say(self, line):
        if self.args.test_verbose:
            log(line)

    def run(self):
        print("Server started on %s:%d" % self.main.getsockname(), flush=True)
        while not self.stopping and not (self.args.once and self.gone):
            readable, _, _ = select.select(self.sockets(), [], [], self.patience())
            for sock in readable:
                self.read_main() if sock is self.main else self.read_port(sock)
            now = time.monotonic()
            for guest in list(self.guests.values()):
                self.due(guest, now)
        for guest in list(self.guests.values()):
            self.drop(guest)
        print(json.dumps(dict({
            "role": "server", "clients": [guest.summary() for guest in self.gone],
            "refused": self.refused, "longest_connect": self.longest_connect},
            **self.referee.summary())), flush=True)
        return 1 if self.referee.count else 0

    def sockets(self):
        return [self.main] + [port.sock for guest in self.guests.values() for port in guest.ports]

    def patience(self):
        now = time.monotonic()
        times = [now + 0.2]
        for guest in self.guests.values():
            for upload in guest.uploads.values():
                if upload.result is None:
                    times += [upload.next_report, upload.ends]
                elif upload.next_result is not None:
                    times.append(upload.next_result)
        return max(0, min(times) - now)

    # The main port

    def read_main(self):
        try:
            datagram, source = self.main.recvfrom(65536)
        except OSError:
            return
        if not datagram.startswith(b"CONNECT"):
            self.referee.blame("no CONNECT", repr(datagram[:40]))
            return
        if len(datagram) > wire.MAX_BYTES:
            self.referee.blame("too long", "CONNECT of %d bytes" % len(datagram))
        self.longest_connect = max(self.longest_connect, len(datagram))
        guest = self.guests.get(source) or self.admit(source)
        if guest is None:
            self.refused += 1
            return
        guest.connects += 1
        if not guest.is_up:
            self.main.sendto(guest.answer, source)

    def admit(self, source):
        ports = []
        for number in self.args.ports:
            if len(ports) == 3:
                break
            try:
                sock = wire.open_socket((self.args.bind[0], number))
            except OSError:
                continue
            ports.append(wire.Port(len(ports), sock, self.referee, self.dice, self.args.drop))
        if len(ports) < 3:
            for port in ports:
                port.sock.close()
            return None
        guest = Guest(source, ports, random.randint(0, wire.MAX_KEY), time.monotonic())
        self.guests[source] = guest
        self.say("Started port threads for client %s" % guest.name)
        return guest

    def drop(self, guest):
        for port in guest.ports:
            port.finish()
        del self.guests[guest.source]
        self.gone.append(guest)

    # The three ports

    def read_port(self, sock):
        for guest in self.guests.values():
            for port in guest.ports:
                if port.sock is sock:
                    return self.read_batch(guest, port)

    def read_batch(self, guest, port):
        for _ in range(BATCH):
            packet = port.receive()
            if packet is False:
                return
            if packet is None:
                continue
            now = time.monotonic()
            guest.last_heard = now
            if port.peer[0] != guest.source[0]:
                self.referee.blame("wrong host", "%s: %s:%d" % ((port.name,) + port.peer))
            if not guest.is_up and all(p.peer for p in guest.ports):
                guest.is_up = True
                print("Client connected: %s" % guest.name, flush=True)
            self.input(guest, port, packet, now)

    def input(self, guest, port, packet, now):
        kind, channel, _sequence, _offset, body, _latest = packet
        if kind in (wire.HEARTBEAT_0, wire.HEARTBEAT_2):
            if channel != guest.key:
                self.referee.blame("wrong channel", "heartbeat on %d, the key is %d" %
                                   (channel, guest.key))
                return
            values = port.parse(kind, body)
            if values is not None:
                self.heartbeat(guest, port, kind, values, now)
        elif kind == wire.BANDWIDTH_TEST and port.index == wire.PORT_UPLOAD:
            self.data(guest, packet, now)
        elif kind in (wire.CONTROL, wire.TEST_RESULT) and port.index == wire.PORT_CONTROL:
            values = port.parse(kind, body)
            if values is not None:
                self.control(guest, kind, channel, values, now)
        else:
            self.referee.blame("wrong type", "%s on %s" % (wire.TYPE_NAMES[kind], port.name))

    def heartbeat(self, guest, port, kind, values, now):
        stamps = guest.stamps[port.index]
        if kind == wire.HEARTBEAT_0:
            if not self.referee.check(values, {"timestamp": wire.is_stamp}, "HEARTBEAT_0"):
                return
            sent = wire.stamp(now, self.args.string_timestamps)
            stamps[sent] = (values["timestamp"], now)
            if len(stamps) > 1000:
                del stamps[next(iter(stamps))]
            port.send(wire.HEARTBEAT_1, guest.key, wire.dump(
                {"client_timestamp": values["timestamp"], "server_timestamp": sent}))
            return
        demands = {"client_timestamp": wire.is_stamp, "server_timestamp": wire.is_stamp}
        if not self.referee.check(values, demands, "HEARTBEAT_2"):
            return
        theirs, began = stamps.get(values["server_timestamp"], (None, None))
        if began is None or theirs != values["client_timestamp"]:
            self.referee.blame("stamps came back changed", "%s: %r" % (port.name, values))
            return
        port.note_round_trip(now - began)
        log("Server latency on %-9s to %s: %.2f ms" % (port.name, guest.name, (now - began) * 1e3))

    def control(self, guest, kind, channel, values, now):
        if kind == wire.TEST_RESULT:
            self.acknowledged(guest, channel, values)
            return
        demands = {"cmd": lambda v: v == "BWUP",
                   "channel": lambda v: wire.is_integer(v) and v == channel}
        if not self.referee.check(values, demands, "CONTROL"):
            return
        if not 1 <= channel <= wire.MAX_CHANNEL or channel == guest.key:
            self.referee.blame("wrong channel", "BWUP for %d, the key is %d" % (channel, guest.key))
            return
        duration = values.get("duration", wire.DEFAULT_DURATION_S)
        if not wire.is_integer(duration) or duration < 1:
            self.referee.blame("bad value", "BWUP: duration = %r" % (duration,))
            return
        if self.args.one_test and guest.has_ended_control():
            guest.unheard_commands += 1
            return
        self.say("Server received BWUP")
        if self.args.ignore_duration:
            duration = wire.DEFAULT_DURATION_S
        upload = guest.uploads.get(channel)
        if upload is None:
            upload = guest.uploads[channel] = Upload(channel, duration, now)
            self.say("Server started upload bandwidth test")
        upload.commands += 1
        answer = {"cmd": "BWUP", "ack": 0, "channel": channel, "uid": upload.uid}
        if not self.args.ignore_duration:
            answer["duration"] = upload.duration
        guest.ports[wire.PORT_CONTROL].send(wire.CONTROL, channel, wire.dump(answer))
        self.say("Server sent UCM")

    def acknowledged(self, guest, channel, values):
        upload = guest.uploads.get(channel)
        if upload is None:
            self.referee.blame("wrong channel", "TEST_RESULT on %d" % channel)
            return
        demands = {"cmd": lambda v: v == "TEST_RESULT", "ack": lambda v: wire.is_integer(v) and v == 0,
                   "guid": lambda v: v == upload.guid}
        if upload.result is None:
            self.referee.blame("result acknowledged before it was sent")
        elif self.referee.check(values, demands, "TEST_RESULT"):
            if not upload.acknowledged:
                self.say("Server received TEST_RESULT ack")
            upload.acks += 1
            upload.acknowledged = True
            upload.next_result = None

    def data(self, guest, packet, now):
        _kind, channel, sequence, offset, body, latest = packet
        upload = guest.uploads.get(channel)
        if upload is None:
            self.referee.blame("wrong channel", "data on %d, no such test" % channel)
            return
        if upload.result is not None:
            upload.late_packets += 1
            return
        # Every packet known to repeat old data has taken one number that no new data took.
        if offset > sequence or (latest and offset < upload.repeats):
            self.referee.blame("impossible offset", "sequence %d, offset %d, %d repeats known" %
                               (sequence, offset, upload.repeats))
            return
        if upload.packets < BODIES_READ or upload.packets % BODIES_READ == 0:
            values = guest.ports[wire.PORT_UPLOAD].parse(wire.BANDWIDTH_TEST, body)
            if values is None or not self.referee.check(
                    values, {"dummy_data": lambda v: type(v) is str}, "BANDWIDTH_TEST"):
                return
        upload.take(sequence - offset, wire.HEADER.size + len(body), latest, now)

    # What is due

    def due(self, guest, now):
        for upload in guest.uploads.values():
            if upload.result is None:
                if now >= upload.ends:
                    upload.close(now, not self.args.no_packet_count)
                elif now >= upload.next_report:
                    self.report(guest, upload, now)
            if upload.next_result is not None and now >= upload.next_result:
                self.send_result(guest, upload, now)
        if now - guest.last_heard > self.args.idle:
            self.drop(guest)

    def report(self, guest, upload, now):
        upload.next_report = now + self.args.adjustment_delay_ms / 1e3 / self.args.flow_control_rate
        port = guest.ports[wire.PORT_UPLOAD]
        if self.args.no_flow_control or port.peer is None:
            return
        port.send(wire.FLOW_CONTROL, upload.channel,
                  wire.encode_spans(upload.missing.first(wire.MAX_SPANS)))
        upload.reports += 1
        self.say("Server sent FLOW_CONTROL")

    def send_result(self, guest, upload, now):
        if self.args.no_result or now - upload.ends > RESULT_PATIENCE_S:
            upload.next_result = None
            return
        guest.ports[wire.PORT_CONTROL].send(wire.TEST_RESULT, upload.channel,
                                            wire.dump(upload.result))
        upload.results += 1
        upload.next_result = now + RESULT_INTERVAL_S
