"""Connecting when half of all datagrams are lost each way: all succeed, within 10 s."""
from concurrent.futures import ThreadPoolExecutor

from lab import SLOWER, Case, figure, main, number_of, percentile

LONGEST_S = 10


class Connect(Case):
    def test_half_lost_each_way(self):
        tries = number_of("RUNS", 40)
        self.server("--max-sessions-per-address", 2 * tries)
        self.lab.sh("loss", 500)

        def once(_):
            client = self.client("--count", 1, "--connect-timeout", LONGEST_S)
            try:
                seconds = client.out.wait_time("Client connected successfully", 2 * LONGEST_S + 5) - client.started
            except AssertionError:
                seconds = None
            client.kill()
            return seconds

        # Not more at once: questions from one address are limited.
        with ThreadPoolExecutor(10) as pool:
            ends = list(pool.map(once, range(tries)))
        good = [seconds for seconds in ends if seconds is not None]
        figure("connect", "%d of %d, p50 %.2f s, p99 %.2f s, slowest %.2f s" % (
            len(good), tries, percentile(good, 50), percentile(good, 99), max(good)))
        self.assertEqual(len(good), tries)
        self.assertLessEqual(percentile(good, 99), LONGEST_S * (1 if SLOWER == 1 else 2))


if __name__ == "__main__":
    main()
