"""A shaper and a policer are named by the first seconds of a test, with their rate and the size of their
bucket; a path without either isn't called one. A host that is held up just then may hide them: then nothing
is named, so not every run must, but what is named must be right."""
import unittest

from lab import SANITIZED, Case, figure, main, was_held_up

SECONDS = 2
TESTS = 4                 # that count; half of them must name it
MOST_RUNS = 12            # both ways each
IP_SHARE = 1428 / 1442    # of a frame of Ethernet: tbf counts frames, the program the IP layer
POLICER = """table inet police {
    chain forward {
        type filter hook forward priority 5;
        iifname "to_client" limit rate over %(rate)d kbytes/second burst %(burst)d kbytes drop
        iifname "to_server" limit rate over %(rate)d kbytes/second burst %(burst)d kbytes drop
    }
}"""


@unittest.skipIf(SANITIZED, "a host as slow as a sanitizer makes it may hide what is to be named")
class Shaping(Case):
    def both_ways(self, *flags):
        client = self.client("--json", "--bwup", "--bwdown", "--duration", SECONDS, *flags)
        self.assert_exit(client, 0)
        tests = client.document()["end"]["tests"]
        self.assertEqual([t["direction"] for t in tests], ["up", "down"])
        return tests

    def assert_limit(self, test, limit):
        """A host that was held up is the limit then, and the program says so."""
        if test["limited_by"] != limit:
            self.assertTrue(was_held_up(test), test)
            self.assertIn(test["limited_by"], ("sender_cpu", "sender_paused", "sender_host", "receiver_paused"))

    def assert_right(self, test, kind, rate_bps, bucket_bytes):
        shaping = test["shaping"]
        figure("%s, %s" % (kind, test["direction"]), "%s; truth %.0f bit/s, %.0f bytes" % (
            shaping, rate_bps, bucket_bytes))
        self.assert_limit(test, "path")
        if shaping:
            self.assertEqual(shaping["kind"], kind)
            self.assertAlmostEqual(shaping["bits_per_second"], rate_bps, delta=0.05 * rate_bps)
            self.assertAlmostEqual(shaping["bucket_bytes"], bucket_bytes, delta=0.15 * bucket_bytes)

    def assert_named(self, truth, *flags):
        """What is named is right in every test; in one where the host was held up, nothing need be named."""
        named = missed = runs = 0
        self.server()
        while named + missed < TESTS:
            runs += 1
            self.assertLessEqual(runs, MOST_RUNS, "the host was held up in too many runs")
            for test in self.both_ways(*flags):
                self.assert_right(test, *truth)
                named += test["shaping"] is not None
                missed += test["shaping"] is None and not was_held_up(test)
        figure("%s, runs" % truth[0], "%d, named %d, missed %d" % (runs, named, missed))
        self.assertGreaterEqual(named, missed)

    def test_shaper(self):
        self.lab.sh("rate", "20mbit", "50ms", "512k")
        self.assert_named(("shaper", 20e6 * IP_SHARE, (512 << 10) * IP_SHARE))

    def test_policer(self):
        """nft's bucket holds its burst and a second of its rate. No search: the rate is far above it."""
        rate, burst = 2500, 200
        self.lab.nft(POLICER % {"rate": rate, "burst": burst})
        self.assert_named(("policer", rate * 1024 * 8, (rate + burst) * 1024), "--rate", "100M")

    def test_neither(self):
        self.server()
        for test in self.both_ways("--rate", "20M"):
            self.assertIsNone(test["shaping"], test)
            self.assert_limit(test, "asked_rate")


if __name__ == "__main__":
    main()
