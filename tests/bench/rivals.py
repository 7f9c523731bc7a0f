"""Rows measured in the lab alongside others: a second client, and other tools that measure round trips."""
import json
import os
import re

from measure import Failed, Row, installed, median, say
from network import ENDING_S, FLAG, MEGA, SERVER, ip_rate, network

BEATS_A_SECOND = 100
PACKET = 1400


def half_bytes(document, way, seconds):
    """What has arrived in the second half. Of an upload the client knows what it sent and what was lost."""
    total = 0
    for interval in document["intervals"]:
        if interval["start"] < seconds / 2 or interval["end"] > seconds:
            continue
        if way == "down" and interval["received"]:
            total += interval["received"]["bytes"]
        if way == "up" and interval["sent"]:
            total += interval["sent"]["bytes"] - interval["sent"]["lost_packets"] * PACKET
    return total


def half_seconds(document, seconds):
    return sum(i["seconds"] for i in document["intervals"]
               if i["start"] >= seconds / 2 and i["end"] <= seconds)


def share(bench):
    """Two clients at once."""
    seconds, rows = bench.seconds(10, 6), []
    with network(bench) as lab:
        lab.sh("rate", "100mbit")
        lab.serve()
        for way in FLAG:
            less = Row("two clients in 100 Mbit/s, %s: the smaller share" % way, "%", 40, True,
                       in_every_run=True)
            whole = Row("... their sum, of what the path carries", "%", 97, True, in_every_run=True)
            rows += [less, whole]
            for run in range(bench.runs):
                with bench.attempt("two clients %s" % way, run, (less, whole)):
                    pair = [lab.measure(way, seconds, "--rate", "auto", "--interval", 0.1) for _ in range(2)]
                    rates = []
                    for client in pair:
                        document = client.document(seconds + ENDING_S)
                        rates.append(half_bytes(document, way, seconds) * 8 / half_seconds(document, seconds))
                    say("  %s Mbit/s" % ", ".join("%.1f" % (rate / MEGA) for rate in rates))
                    if sum(rates):
                        less.add(min(rates) / sum(rates) * 100)
                    payload_bps = ip_rate(100e6) * PACKET / (PACKET + 28)
                    whole.add(sum(rates) / payload_bps * 100)
    return rows


def by_wyndrvr(lab, seconds):
    client = lab.ask("--heartbeat-rate", 1000 // BEATS_A_SECOND, "--count", seconds * BEATS_A_SECOND)
    return client.document(seconds * 3 + ENDING_S)["end"]["latency"]["control"]["idle"]["p50_us"]


def by_ping(lab, seconds):
    child = lab.start("client", "ping", "-i", 1 / BEATS_A_SECOND, "-c", seconds * BEATS_A_SECOND, SERVER)
    child.wait(seconds + ENDING_S)
    return median([float(t) * 1000 for t in re.findall(r" time=([0-9.]+) ms", child.out())])


def by_irtt(lab, seconds):
    path = os.path.join(lab.bench.home, "irtt.json")
    client = lab.start("client", "irtt", "client", "-i", "%dms" % (1000 // BEATS_A_SECOND), "-d",
                       "%ds" % seconds, "-Q", "-o", path, SERVER)
    if client.wait(seconds + ENDING_S):
        raise Failed(str(client))
    with open(path) as file:
        return json.load(file)["stats"]["rtt"]["median"] / 1000


def by_sockperf(lab, seconds):
    client = lab.start("client", "sockperf", "ping-pong", "-i", SERVER, "-t", seconds, "--mps",
                       BEATS_A_SECOND, "--full-rtt")
    client.wait(seconds + ENDING_S)
    found = re.search(r"percentile 50\.000 = +([0-9.]+)", client.out())
    if not found:
        raise Failed(str(client))
    return float(found.group(1))


def heartbeat(bench):
    """The same round trip by four programs, in turns."""
    seconds = bench.seconds(5, 2)
    tools = {"ping": by_ping, "irtt": by_irtt, "sockperf": by_sockperf}
    rows = {tool: Row("heartbeat of CONTROL, idle, 100/s" if tool == "ping" else "... beside %s" % tool,
                      "us", 1.25 if tool == "ping" else None, by_ratio=True, other_is=tool)
            for tool in tools if installed(tool)}
    with network(bench) as lab:
        lab.serve()
        for tool, arguments in (("irtt", ("irtt", "server")), ("sockperf", ("sockperf", "server"))):
            if tool in rows:
                lab.start("server", *arguments)
        for run in range(bench.runs):
            with bench.attempt("heartbeats", run, rows.values()):
                for tool, row in rows.items():
                    row.add(by_wyndrvr(lab, seconds), tools[tool](lab, seconds))
    return list(rows.values())
