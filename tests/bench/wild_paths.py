"""Paths as people have them, drawn from a seed.

Each kind draws the settings of an emulated link (tests/lab/emulator.c) from ranges; a name that begins with "up-"
or "down-" is for one way. The n-th path of a seed is the same whatever other paths are run beside it.
"""
import dataclasses
import math
import random


@dataclasses.dataclass
class Path:
    number: int
    kind: str
    base: str           # the kind whose link and bounds it has
    settings: dict
    is_busy: bool = False
    paused: tuple = ()  # of "client", "server"

    def of(self, way, name, otherwise=0):
        return self.settings.get("%s-%s" % (way, name), self.settings.get(name, otherwise))

    def __str__(self):
        hosts = (["busy core"] if self.is_busy else []) + ["%s paused" % host for host in self.paused]
        return ", ".join(["%s %s" % (name, value) for name, value in self.settings.items()] + hosts)


@dataclasses.dataclass
class Bound:
    """What a test of a kind may be off by and cost. None: not bounded."""
    error_percent: float = 3
    lost_percent: float = 0.5
    delay_ms: float = 5     # with what the path's own bursts and jitter make of it


BOUNDS = {"shallow": Bound(lost_percent=2), "policer": Bound(lost_percent=2), "slow": Bound(5, 1, None),
          "varying": Bound(5, 1, 25)}


class Draw(random.Random):
    def scale(self, low, high, digits=3):
        """Each factor is as likely as the next."""
        value = math.exp(self.uniform(math.log(low), math.log(high)))
        return float("%.*g" % (digits, value))

    def rates(self, low, high):
        """Down, and up the same or less, in Mbit/s."""
        down = self.scale(low, high)
        up = down if self.random() < 0.5 else max(low, float("%.3g" % (down * self.scale(0.05, 1))))
        return {"up-rate": "%gM" % up, "down-rate": "%gM" % down}

    def round_trip(self, low, high):
        return {"delay-ms": self.scale(low, high) / 2}

    def buffer(self, low, high):
        return {"buffer-ms": self.scale(low, high)}


def clean(draw):
    return {**draw.rates(2, 300), **draw.round_trip(1, 80), **draw.buffer(20, 200)}


def jitter(draw):
    """In a new draw for each packet, or one that holds for some ms."""
    law = draw.choice(("uniform", "exponential", "spikes"))
    most_ms = draw.scale(0.2, 30)
    settings = {**draw.rates(2, 300), **draw.round_trip(4, 80), **draw.buffer(50, 200), "law": law,
                "jitter-ms": round(most_ms / 3, 3) if law == "exponential" else most_ms}
    if law == "spikes":
        settings["spike-every-ms"] = draw.scale(50, 1000)
    elif draw.random() < 0.5:
        settings["hold-ms"] = draw.scale(1, 30)
    return settings


def bursts(draw):
    burst_ms = draw.scale(1, 15)
    settings = {**draw.rates(5, 300), **draw.round_trip(4, 80), "burst-ms": burst_ms,
                "burst-variation": round(draw.uniform(0, 0.5), 2), "buffer-ms": max(50, 6 * burst_ms)}
    if draw.random() < 0.5:
        settings["loss-behind"] = draw.scale(0.001, 0.01)
    return settings


def shallow(draw):
    return {**draw.rates(10, 300), **draw.round_trip(20, 200), **draw.buffer(3, 10)}


def policer(draw):
    """On a line that is faster, with a bucket of 10 ms to 1 s of its rate."""
    rate, bucket_s = draw.scale(5, 100), draw.scale(0.01, 1)
    return {"rate": "%gM" % round(rate * draw.scale(1.5, 8)), "policer": "%gM" % rate,
            "policer-bytes": max(6000, round(rate * 1e6 / 8 * bucket_s)), **draw.round_trip(4, 80),
            **draw.buffer(20, 100)}


def loss(draw):
    place = "loss-%s" % draw.choice(("before", "behind"))
    burst = draw.scale(2, 8) if draw.random() < 0.4 else 1
    return {**draw.rates(2, 200), **draw.round_trip(4, 80), **draw.buffer(20, 200),
            place: draw.scale(0.001, 0.2), place + "-burst": burst}


def reordering(draw):
    return {**draw.rates(5, 300), **draw.round_trip(4, 80), **draw.buffer(20, 200),
            "reorder": draw.scale(0.002, 0.02), "reorder-ms": draw.scale(1, 10)}


def long_delay(draw):
    """Up to 600 ms there and back."""
    return {**draw.rates(2, 200), **draw.round_trip(200, 600), **draw.buffer(50, 300)}


def _steps(draw, rate, seconds=60):
    """Each level holds for 0.1 to 3 s."""
    at_ms, steps = 0, []
    while at_ms < seconds * 1000:
        steps.append("%d:%gM" % (at_ms, float("%.3g" % (rate * draw.scale(0.3, 2)))))
        at_ms += round(1000 * draw.scale(0.1, 3))
    return {"steps": ",".join(steps)}


def varying(draw):
    """By factors of 0.3 to 2 within 0.1 to 3 s."""
    rate, course = draw.scale(5, 150), draw.choice(("steps", "sine", "walk"))
    settings = {"rate": "%gM" % rate, **draw.round_trip(10, 80), **draw.buffer(100, 400)}
    if course == "steps":
        settings.update(_steps(draw, rate))
    elif course == "sine":
        settings.update({"sine-share": round(draw.uniform(0.2, 0.7), 2), "sine-ms": 1000 * draw.scale(0.2, 6)})
    else:
        settings.update({"walk-low": 0.3, "walk-high": 2, "walk-ms": 1000 * draw.scale(0.1, 3)})
    return settings


def slow(draw):
    return {**draw.rates(0.064, 2), **draw.round_trip(10, 100), **draw.buffer(100, 1000)}


LINKS = {"clean": clean, "jitter": jitter, "bursts": bursts, "shallow": shallow, "policer": policer, "loss": loss,
         "reordering": reordering, "long delay": long_delay, "varying": varying, "slow": slow}
HOSTS = ("busy core", "paused hosts")
KINDS = tuple(LINKS) + HOSTS


def path(seed, number):
    """The number-th path of a seed; kinds take turns."""
    draw, kind = Draw("%d/%d" % (seed, number)), KINDS[number % len(KINDS)]
    base = draw.choice(tuple(LINKS)) if kind in HOSTS else kind
    found = Path(number, kind, base, LINKS[base](draw))
    found.is_busy = kind == "busy core"
    if kind == "paused hosts":
        found.paused = draw.choice((("client",), ("server",), ("client", "server")))
    return found


def bound(found):
    return BOUNDS.get(found.base, Bound())


def own_jitter_ms(found):
    return found.settings.get("burst-ms", 0) + found.settings.get("jitter-ms", 0)
