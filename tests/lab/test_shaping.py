"""A shaper and a policer are named by the first seconds of a test, with their rate and the size of their
bucket; a path without either isn't called one. A host that is held up just then may hide them: then nothing
is named, so not every run must, but what is named must be right."""
import unittest

from lab import SANITIZED, Case, figure, main

SECONDS = 2
RUNS = 2                  # both ways each; half of the tests must name it
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
    def both_ways(self, runs, *flags):
        tests = []
        self.server()
        for _ in range(runs):
            client = self.client("--json", "--bwup", "--bwdown", "--duration", SECONDS, *flags)
            self.assert_exit(client, 0)
            tests += client.document()["end"]["tests"]
        self.assertEqual([t["direction"] for t in tests], ["up", "down"] * runs)
        return tests

    def assert_named(self, tests, kind, rate_bps, bucket_bytes):
        self.assertGreaterEqual(sum(1 for t in tests if t["shaping"]), len(tests) / 2, tests)
        for test in tests:
            shaping = test["shaping"]
            self.assertEqual(test["limited_by"], "path")
            if not shaping:
                continue
            figure("%s, %s" % (kind, test["direction"]), "%s; truth %.0f bit/s, %.0f bytes" % (
                shaping, rate_bps, bucket_bytes))
            self.assertEqual(shaping["kind"], kind)
            self.assertAlmostEqual(shaping["bits_per_second"], rate_bps, delta=0.05 * rate_bps)
            self.assertAlmostEqual(shaping["bucket_bytes"], bucket_bytes, delta=0.15 * bucket_bytes)

    def test_shaper(self):
        self.lab.sh("rate", "20mbit", "50ms", "512k")
        self.assert_named(self.both_ways(RUNS), "shaper", 20e6 * IP_SHARE, (512 << 10) * IP_SHARE)

    def test_policer(self):
        """nft's bucket holds its burst and a second of its rate. No search: the rate is far above it."""
        rate, burst = 2500, 200
        self.lab.nft(POLICER % {"rate": rate, "burst": burst})
        tests = self.both_ways(RUNS, "--rate", "100M")
        self.assert_named(tests, "policer", rate * 1024 * 8, (rate + burst) * 1024)

    def test_neither(self):
        for test in self.both_ways(1, "--rate", "20M"):
            self.assertIsNone(test["shaping"], test)
            self.assertEqual(test["limited_by"], "asked_rate")


if __name__ == "__main__":
    main()
