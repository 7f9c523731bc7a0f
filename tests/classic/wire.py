"""The classic wire format, written from its description and from nothing else.

Owns: the packet header, FLOW_CONTROL bodies, sets of missing data, one UDP port with its sequence
numbers, and the referee that lists what the other side did wrong.
Policy: strict about what arrives. Loss is the path's doing and never held against the peer;
duplicates and disorder only when the path is known to be clean (no --impaired).
"""
import bisect
import errno
import json
import socket
import struct
import sys

HEARTBEAT_0, HEARTBEAT_1, HEARTBEAT_2, FLOW_CONTROL, BANDWIDTH_TEST, DATA, CONTROL, TEST_RESULT = range(8)
TYPE_NAMES = ("HEARTBEAT_0", "HEARTBEAT_1", "HEARTBEAT_2", "FLOW_CONTROL", "BANDWIDTH_TEST", "DATA",
              "CONTROL", "TEST_RESULT")
PORT_NAMES = ("CONTROL", "UPLOAD", "DOWNLOAD")
PORT_CONTROL, PORT_UPLOAD, PORT_DOWNLOAD = range(3)

MAX_BYTES = 1400
MAX_CHANNEL = (1 << 24) - 1
MAX_KEY = 60000
MAX_SPANS = 86
LAST = (1 << 64) - 1
HEADER = struct.Struct("!IQQ")
DEFAULT_DURATION_S = 30
STEP_EVIDENCE = 16


class Referee:
    """Collects violations; each kind of them is printed at most five times."""

    def __init__(self, impaired):
        self.impaired = impaired
        self.count = 0
        self.texts = []
        self.kinds = {}

    def blame(self, kind, detail=""):
        self.count += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if self.kinds[kind] > 5:
            return
        text = "%s: %s" % (kind, detail) if detail else kind
        self.texts.append(text)
        print("VIOLATION %s" % text, file=sys.stderr, flush=True)

    def check(self, body, demands, where):
        """Whether `body` has every key of `demands` with a value that passes its test."""
        good = True
        for key, passes in demands.items():
            if key not in body:
                self.blame("missing key", "%s has no %s" % (where, key))
                good = False
            elif not passes(body[key]):
                self.blame("bad value", "%s: %s = %r" % (where, key, body[key]))
                good = False
        return good

    def summary(self):
        return {"violations": self.count, "violation_texts": self.texts}


def is_integer(value):
    return type(value) is int


def is_count(value):
    return type(value) is int and value >= 0


def is_number(value):
    return type(value) in (int, float)


def is_stamp(value):
    return is_number(value) or type(value) is str


def is_uuid(value):
    if type(value) is not str or len(value) != 36:
        return False
    return all((c == "-") == (i in (8, 13, 18, 23)) and c in "0123456789abcdefABCDEF-"
               for i, c in enumerate(value))


def _unique_pairs(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _no_constant(name):
    raise ValueError("%s is no JSON" % name)


def parse_object(body):
    """A JSON object as a dict; ValueError for anything else."""
    value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique_pairs,
                       parse_constant=_no_constant)
    if type(value) is not dict:
        raise ValueError("no JSON object")
    return value


def encode(kind, channel, sequence, offset, payload):
    return HEADER.pack(kind << 24 | channel, sequence & LAST, offset & LAST) + payload


def decode(datagram):
    """(type, channel, sequence, offset); ValueError when it has no valid header."""
    if len(datagram) < HEADER.size:
        raise ValueError("%d bytes hold no header" % len(datagram))
    first, sequence, offset = HEADER.unpack_from(datagram)
    if first >> 24 > TEST_RESULT:
        raise ValueError("type %d" % (first >> 24))
    return first >> 24, first & MAX_CHANNEL, sequence, offset


def encode_spans(spans):
    return struct.pack("!I", len(spans)) + b"".join(struct.pack("!QQ", *span) for span in spans)


def decode_spans(body):
    """(spans, bytes behind them); ValueError unless they are ascending and fit."""
    if len(body) < 4:
        raise ValueError("no span count")
    count, = struct.unpack_from("!I", body)
    if count > MAX_SPANS or len(body) < 4 + 16 * count:
        raise ValueError("%d spans in %d bytes" % (count, len(body)))
    spans = [struct.unpack_from("!QQ", body, 4 + 16 * i) for i in range(count)]
    before = -1
    for begin, end in spans:
        if begin <= before or end < begin:
            raise ValueError("spans do not ascend: %s" % spans[:8])
        before = end
    return spans, len(body) - 4 - 16 * count


def intersect(a, b):
    """The numbers that are in both lists of ascending spans."""
    out, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        begin, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if begin <= end:
            out.append((begin, end))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return out


class Missing:
    """The data sequences that have not arrived yet, as ascending inclusive spans."""

    def __init__(self):
        self.begins, self.ends = [0], [LAST]

    def take(self, number):
        """Marks a number as arrived; False when it had been before."""
        i = bisect.bisect_right(self.begins, number) - 1
        if i < 0 or number > self.ends[i]:
            return False
        begin, end = self.begins[i], self.ends[i]
        if begin == end:
            del self.begins[i], self.ends[i]
        elif number == begin:
            self.begins[i] = number + 1
        elif number == end:
            self.ends[i] = number - 1
        else:
            self.ends[i] = number - 1
            self.begins.insert(i + 1, number + 1)
            self.ends.insert(i + 1, end)
        return True

    def first(self, most):
        return list(zip(self.begins[:most], self.ends[:most]))


class Track:
    """The channel sequence of one (port, channel) as it arrives."""

    def __init__(self):
        self.next = self.received = self.gaps = self.late = self.single_steps = 0

    def note(self, sequence):
        """True when the packet is later than all before it."""
        self.received += 1
        if sequence < self.next:
            self.late += 1
            return False
        self.single_steps += sequence == self.next and self.received > 1
        self.gaps += sequence - self.next
        self.next = sequence + 1
        return True

    def summary(self):
        return {"received": self.received, "gaps": self.gaps, "late": self.late}


class Port:
    """One of the three ports: a socket, its one peer, and the numbering of both directions."""

    def __init__(self, index, sock, referee, dice, drop_rate):
        self.index, self.name = index, PORT_NAMES[index]
        self.sock, self.referee, self.dice, self.drop_rate = sock, referee, dice, drop_rate
        self.peer = None
        self.sequences, self.tracks = {}, {}
        self.sent = self.received = self.dropped_out = self.dropped_in = 0
        self.round_trips = []

    def send(self, kind, channel, payload, number=None):
        """Sends one packet and returns True, or False when the socket takes none now.

        `number` is the data sequence of a BANDWIDTH_TEST packet. A packet dropped on purpose
        counts as sent: it has its sequence number.
        """
        sequence = self.sequences.get(channel, 0)
        offset = 0 if number is None else sequence - number
        datagram = encode(kind, channel, sequence, offset, payload)
        if self.drop_rate and self.dice.random() < self.drop_rate:
            self.dropped_out += 1
        else:
            try:
                self.sock.sendto(datagram, self.peer)
            except BlockingIOError:
                return False
            except OSError as e:
                if e.errno not in (errno.ECONNREFUSED, errno.ENOBUFS):
                    raise
        self.sent += 1
        self.sequences[channel] = (sequence + 1) & LAST
        return True

    def receive(self):
        """(type, channel, sequence, offset, body, is_latest), None for a datagram to pass over,
        False when there is no more."""
        try:
            datagram, source = self.sock.recvfrom(65536)
        except BlockingIOError:
            return False
        except ConnectionError:
            return None
        if self.drop_rate and self.dice.random() < self.drop_rate:
            self.dropped_in += 1
            return None
        if self.peer is None:
            self.peer = source
        if source != self.peer:
            self.referee.blame("wrong address", "%s: %s:%d" % ((self.name,) + source))
            return None
        self.received += 1
        if len(datagram) > MAX_BYTES:
            self.referee.blame("too long", "%s: %d bytes" % (self.name, len(datagram)))
        try:
            kind, channel, sequence, offset = decode(datagram)
        except ValueError as e:
            self.referee.blame("bad header", "%s: %s" % (self.name, e))
            return None
        latest = self.tracks.setdefault(channel, Track()).note(sequence)
        if not latest and not self.referee.impaired:
            self.referee.blame("channel sequence went back", "%s channel %d: %d after %d" %
                               (self.name, channel, sequence, self.tracks[channel].next - 1))
        return kind, channel, sequence, offset, datagram[HEADER.size:], latest

    def parse(self, kind, body):
        """The JSON object in `body`, or None with a violation."""
        try:
            return parse_object(body)
        except ValueError as e:
            self.referee.blame("bad JSON", "%s %s: %s" % (self.name, TYPE_NAMES[kind], e))
            return None

    def note_round_trip(self, seconds):
        self.round_trips.append(seconds)
        if not 0 <= seconds < 3600:
            self.referee.blame("impossible round trip", "%s: %r s" % (self.name, seconds))

    def finish(self):
        for channel, track in self.tracks.items():
            if track.received >= STEP_EVIDENCE and not track.single_steps:
                self.referee.blame("channel sequence never grows by one", "%s channel %d" %
                                   (self.name, channel))
        self.sock.close()

    def summary(self):
        trips = sorted(self.round_trips)
        out = {"sent": self.sent, "received": self.received, "dropped_out": self.dropped_out,
               "dropped_in": self.dropped_in, "round_trips": len(trips),
               "channels": {str(c): t.summary() for c, t in self.tracks.items()}}
        if trips:
            out["rtt_ms"] = {"min": trips[0] * 1e3, "median": trips[len(trips) // 2] * 1e3,
                             "max": trips[-1] * 1e3, "mean": sum(trips) * 1e3 / len(trips)}
        return out


def open_socket(address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.setblocking(False)
    try:
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def stamp(now, as_text):
    return repr(now) if as_text else now


def dump(value):
    return json.dumps(value).encode("ascii")
