#!/usr/bin/env python3
"""A classic peer: the other side for tests of both programs.

    peer.py server [--bind A:P] [--ports 7000-7100] ...
    peer.py client HOST:PORT [--bwup] [--duration S] ...

Prints the lines that scripts match on, and as its last line on stdout one JSON object with all it
has counted. Exit 1: the other side broke the protocol, or there was no connection or no result.
"""
import argparse
import signal
import sys

sys.dont_write_bytecode = True

from client import Client  # noqa: E402
from server import Server  # noqa: E402


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def port_range(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def add_common(parser):
    parser.add_argument("--drop", type=float, default=0, metavar="RATE",
                        help="share (0..1) of datagrams thrown away on the three ports, both ways")
    parser.add_argument("--seed", type=int, default=1, help="of what is dropped")
    parser.add_argument("--impaired", action="store_true",
                        help="the path duplicates and reorders: no violation")
    parser.add_argument("--string-timestamps", action="store_true",
                        help="time stamps as JSON strings, which must come back verbatim")
    parser.add_argument("--adjustment-delay-ms", type=float, default=1000)
    parser.add_argument("--flow-control-rate", type=int, default=10,
                        help="reports in one adjustment delay (server), or kept (client)")
    parser.add_argument("--test-verbose", action="store_true")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    roles = parser.add_subparsers(dest="role", required=True)

    server = roles.add_parser("server")
    server.add_argument("--bind", type=address, default=("0.0.0.0", 6711), metavar="A:P")
    server.add_argument("--ports", type=port_range, default=range(7000, 7101), metavar="FIRST-LAST")
    server.add_argument("--ignore-duration", action="store_true",
                        help="take 30 s always and don't name a duration, as older servers do")
    server.add_argument("--no-flow-control", action="store_true")
    server.add_argument("--no-result", action="store_true")
    server.add_argument("--one-test", action="store_true",
                        help="hear no more commands from a client whose first result has arrived")
    server.add_argument("--no-packet-count", action="store_true")
    server.add_argument("--once", action="store_true", help="end when the first client has gone")
    server.add_argument("--idle", type=float, default=5, metavar="S",
                        help="silence after which a client has gone")
    add_common(server)

    client = roles.add_parser("client")
    client.add_argument("server", type=address, metavar="HOST:PORT")
    client.add_argument("--bwup", action="store_true")
    client.add_argument("--duration", type=int, metavar="S", help="seconds of sending (default 10)")
    client.add_argument("--no-duration-field", action="store_true",
                        help="leave it out of BWUP; the server then means 30 s")
    client.add_argument("--heartbeats", type=int, default=5, metavar="N",
                        help="without --bwup: end after N on each port")
    client.add_argument("--heartbeat-ms", type=float, default=1000)
    client.add_argument("--ucm-delay-ms", type=float, default=100)
    client.add_argument("--rate", type=float, default=10e6, metavar="BPS",
                        help="bits of UDP payload a second, 0 = no limit (default 10e6)")
    client.add_argument("--bw-packet-length", type=int, default=900)
    client.add_argument("--linger", type=float, default=5, metavar="S",
                        help="go on acknowledging the result that long")
    client.add_argument("--json", action="store_true", help="nothing but the JSON line on stdout")
    add_common(client)
    return parser.parse_args()


def main():
    args = parse_arguments()
    peer = Server(args) if args.role == "server" else Client(args)

    def stop(_number, _frame):
        peer.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return peer.run()


if __name__ == "__main__":
    sys.exit(main())
