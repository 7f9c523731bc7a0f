"""The size of datagrams that follows from the path, where routers report what they take and where they don't:
uploads and downloads of that size, with nothing lost, and nothing in fragments."""
import time

from lab import FLOW_CONTROL, SANITIZED, SERVER, Case, figure, main

MTU, HEADERS, TOP = 1280, {"ip": 28, "ip6": 48}, 1400
SERVERS = {"ip": SERVER, "ip6": "fd77:2::1"}
ARRIVES = {"up": "to_client", "down": "to_server"}
WAYS = (("up", "down"), ("up",), ("down",))
HOLE = "the path drops datagrams above %d bytes without telling this host (MTU black hole)"
QUESTION = 5  # the type of questions about the path's size, and of their answers


def of_the_path(document):
    """Warnings; a busy host, which is warned of too, says nothing of the path."""
    return [w for w in document["warnings"] if "held up" not in w]


class PathMtu(Case):
    def setUp(self):
        super().setUp()
        # What is in fragments or may become so, and what is asked.
        self.lab.nft("""table inet whole {
            counter fragments {}
            counter may_break {}
            counter questions {}
            counter answers {}
            counter large_reports {}
            chain prerouting {
                type filter hook prerouting priority -500;
                ip frag-off & 0x3fff != 0 counter name "fragments"
                exthdr frag exists counter name "fragments"
                udp length > 500 ip frag-off & 0x4000 == 0 counter name "may_break"
                iifname "to_client" udp length > 500 @th,64,8 %d counter name "questions"
                iifname "to_server" udp length > 500 @th,64,8 %d counter name "answers"
                udp length > 1200 @th,64,8 %d counter name "large_reports"
            }
        }""" % (QUESTION, QUESTION, FLOW_CONTROL))

    def swallow(self, ways):
        """A router that drops what is too large for it, and whose ICMP doesn't get through."""
        self.lab.nft("""table inet hole {
            counter large_reports {}
            chain forward {
                type filter hook forward priority 5;
                meta length > %d udp length > 500 @th,64,8 %d counter name "large_reports"
                %s
            }
        }""" % (MTU, FLOW_CONTROL, "\n".join(
            'iifname "%s" meta length > %d drop' % (ARRIVES[way], MTU) for way in ways)))

    def run_tests(self, family="ip", *flags):
        """A run that doesn't mention the size: its document, and how long it took beyond its test."""
        began = time.monotonic()
        client = self.client("--json", "--bwboth", "--duration", 1, *flags, to=SERVERS[family])
        self.assert_exit(client, 0)
        document = client.document()
        self.assertEqual({t["direction"] for t in document["end"]["tests"]}, {"up", "down"})
        return document, time.monotonic() - began - 1

    def assert_finds(self, name, size, family, hole, *flags):
        before = self.lab.counters("inet whole")
        document, seconds = self.run_tests(family, "--rate", "20M", *flags)
        seen = {k: n - before[k] for k, n in self.lab.counters("inet whole").items()}
        figure(name, "%d bytes, %d questions, %d answers, %.2f s beside the test" % (
            size, seen["questions"], seen["answers"], seconds))
        for test in document["end"]["tests"]:
            self.assertEqual(test["sent"]["bytes"], size * test["sent"]["packets"], test)
            self.assertGreater(test["sent"]["packets"], 100)
            self.assertEqual(test["loss"]["packets"], 0, test)
            self.assert_balance(test)
        self.assertEqual(of_the_path(document), [HOLE % size] if hole else [])
        self.assertEqual((seen["fragments"], seen["may_break"]), (0, 0))
        return seen

    def test_open_path(self):
        self.server(address="::")
        for family in SERVERS:
            with self.subTest(family):
                seen = self.assert_finds("open, %s" % family, TOP, family, False)
                # An answer that comes late, on a busy host, lets others be asked.
                self.assertLessEqual(seen["questions"], 81 if SANITIZED else 31)
                self.assertEqual(seen["answers"], seen["questions"])

    def test_black_hole(self):
        self.server(address="::")
        for ways in WAYS:
            self.swallow(ways)
            for family, headers in HEADERS.items():
                with self.subTest(ways, family=family):
                    self.assert_finds("hole %s, %s" % (" and ".join(ways), family), MTU - headers, family, True)
            self.lab.nft("delete table inet hole")

    def test_single_port(self):
        self.server("--single-port")
        self.swallow(WAYS[0])
        self.assert_finds("hole, single port", MTU - HEADERS["ip"], "ip", True, "--port-parallelability", "SINGLE")

    def test_routers_that_tell(self):
        """The link behind the router takes less, on both of its ends: ICMP is enough."""
        self.lab.ip("server", "link", "set", "wire", "mtu", MTU)
        self.lab.ip("router", "link", "set", "to_server", "mtu", MTU)
        self.server(address="::")
        for family, headers in HEADERS.items():
            with self.subTest(family):
                seen = self.assert_finds("told, %s" % family, MTU - headers, family, False)
                self.assertLessEqual(seen["questions"], 84 if SANITIZED else 32)

    def test_a_router_that_tells_the_server(self):
        """Its answers are not fragmented either. Nobody tells the client, for which it is a hole."""
        self.lab.ip("router", "route", "replace", "10.77.1.0/24", "dev", "to_client", "mtu", "lock", MTU)
        self.server()
        seen = self.assert_finds("told the server", MTU - HEADERS["ip"], "ip", True)
        self.assertGreater(seen["questions"], seen["answers"])

    def shrink(self):
        """From now on the router takes less on the way up, and says so."""
        self.lab.ip("router", "route", "replace", "10.77.2.0/24", "dev", "to_server", "mtu", "lock", MTU)

    def test_the_path_shrinks(self):
        """An upload that is too large from one moment on stops, instead of going on in fragments; the next one
        is smaller."""
        self.server()
        client = self.client("--json", "--bwup", "--bwup", "--duration", 1, "--rate", "20M")
        self.wait_for_load(500)
        self.shrink()
        self.assert_exit(client, 0)
        document = client.document()
        first, second = document["end"]["tests"]
        self.assertEqual(first["sent"]["bytes"], TOP * first["sent"]["packets"])
        self.assertEqual(second["sent"]["bytes"], (MTU - HEADERS["ip"]) * second["sent"]["packets"])
        self.assertLess(first["sent"]["packets"], second["sent"]["packets"])
        self.assertEqual(of_the_path(document), [
            "datagrams of 1400 bytes, where the path takes 1252: none left this host since that was known"])
        counted = self.lab.counters("inet whole")
        self.assertEqual((counted["fragments"], counted["may_break"]), (0, 0))

    def test_too_large_a_size_is_given(self):
        """The user wanted it, and is told so."""
        self.server()
        self.shrink()
        client = self.client("--bwup", "--duration", 1, "--rate", "5M", "--packet-length", TOP)
        self.assert_exit(client, 0)
        client.out.wait("Warning: datagrams of 1400 bytes, where the path takes 1252: "
                        "they left this host in fragments")
        self.assertGreater(self.lab.counters("inet whole")["fragments"], 0)

    def test_reports_pass_too(self):
        """With many losses reports are as long as they can be, and still pass."""
        server = self.server()
        self.swallow(WAYS[0])
        self.lab.sh("loss", 200)
        document, _ = self.run_tests("ip", "--rate", "100M")
        self.assertGreater(self.lab.counters("inet whole")["large_reports"], 0)
        self.assertEqual(self.lab.counters("inet hole")["large_reports"], 0)
        for test in document["end"]["tests"]:
            self.assert_balance(test)
            self.assert_agreed(test, server)
            lost = test["loss"]["packets"] / test["sent"]["packets"]
            figure("hole and 20 %% lost, %s" % test["direction"], "%d bytes, %.1f %% of %d packets lost" % (
                test["sent"]["bytes"] // test["sent"]["packets"], 100 * lost, test["sent"]["packets"]))
            self.assertLess(lost, 0.25)

    def test_a_size_that_is_given(self):
        """Nothing is asked."""
        self.server()
        document, _ = self.run_tests("ip", "--rate", "5M", "--packet-length", 1000)
        self.assertEqual(self.lab.counters("inet whole")["questions"], 0)
        self.assertEqual(of_the_path(document), [])


if __name__ == "__main__":
    main()
