"""Limits of the whole server: an even share of the total rate for each of 16 clients, and a number of
tests at a time that those who wait get to as well."""

from lab import LENGTH, SANITIZED, SLOWER, Case, figure, main, was_held_up

CLIENTS = 16
TOTAL_BPS = 64000000
RUNS = 3


def jain(rates):
    """Jain, Chiu and Hawe, 1984: 1 when all are equal, 1/n when one has all."""
    return sum(rates) ** 2 / (len(rates) * sum(r * r for r in rates))


class Caps(Case):
    def run_together(self, flag):
        """The tests of clients that begin at about the same time."""
        server = self.server("--max-total-rate", "64M", "--max-downloads-per-address", CLIENTS)
        clients = [self.client("--json", "--packet-length", LENGTH, flag, "--duration", 3,
                               "--connect-timeout", 10 * SLOWER) for _ in range(CLIENTS)]
        tests = []
        for client in clients:
            self.assert_exit(client, 0)
            tests.append(client.document()["end"]["tests"][0])
            self.assert_agreed(tests[-1], server)
            self.assert_balance(tests[-1])
        server.end()
        return tests

    def share(self, flag):
        """Again where a client's host was held up: it could not take its share."""
        for _ in range(RUNS):
            tests = self.run_together(flag)
            rates = [test["received"]["bits_per_second"] for test in tests]
            figure("share_%s" % flag[4:], "Jain %.4f, sum %.2f Mbit/s, least %.2f, most %.2f" % (
                jain(rates), sum(rates) / 1e6, min(rates) / 1e6, max(rates) / 1e6))
            if jain(rates) >= 0.95 or not any(was_held_up(test) for test in tests):
                break
        self.assertGreaterEqual(jain(rates), 0.95)
        # While some have not begun, the others share what is there.
        self.assertLess(sum(rates), TOTAL_BPS * 1.15)
        if not SANITIZED:
            self.assertGreater(sum(rates), TOTAL_BPS * 0.5)

    def test_downloads_share(self):
        self.share("--bwdown")

    def test_uploads_share(self):
        self.share("--bwup")

    def test_one_test_at_a_time(self):
        server = self.server("--max-tests", 1)
        first = self.client("--json", "--bwup", "--rate", "2M", "--duration", 2)
        server.err.wait("Upload test from .*: channel .*")
        hasty = self.client("--json", "--bwdown", "--rate", "2M", "--duration", 1)
        patient = self.client("--json", "--bwdown", "--rate", "2M", "--duration", 1, "--wait", 30)
        self.assert_exit(hasty, 5)
        document = hasty.document()
        self.assertEqual(document["error"]["code"], "refused")
        self.assertEqual(document["end"]["tests"][0]["refused"], "busy")
        self.assert_exit(first, 0)
        self.assert_exit(patient, 0, 40 * SLOWER)
        for client in (first, patient):
            test, = client.document()["end"]["tests"]
            self.assert_agreed(test, server)
        server.err.wait("Download test from .*: channel .*")
        figure("one_at_a_time", "the hasty refused, the patient served")


if __name__ == "__main__":
    main()
