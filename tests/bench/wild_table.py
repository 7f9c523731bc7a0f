"""What became of many tests, by kind of path: lines and the table."""
import statistics

from network import MEGA
from wild_paths import KINDS, bound, own_jitter_ms

TOO_NARROW = 3  # intervals off


def is_within(result):
    error = result.error_percent()
    return error is not None and not result.problem and abs(error) <= bound(result.path).error_percent


def is_gentle(result):
    """Lost no more at the bottleneck, and delayed others no more, than its bound."""
    most = bound(result.path)
    if result.lost_percent is None:
        return False
    if result.lost_percent > most.lost_percent:
        return False
    return most.delay_ms is None or result.delay_ms <= most.delay_ms + own_jitter_ms(result.path)


def number(value, unit=""):
    return "-" if value is None else "%.3g%s" % (value, unit)


def line(result):
    """One direction of one test."""
    found, others = result.path, "".join(", %s %s" % (tool, number(error, " %"))
                                         for tool, error in result.others.items())
    text = "path %d, %s%s, %s %s: " % (found.number, found.kind, "" if found.base == found.kind else
                                       " (%s)" % found.base, result.test, result.way)
    if result.found_bps is None:
        return text + "no capacity%s; %s" % (others, result.problem)
    course = " (p10, p50, p90: %s)" % ", ".join("%.3g" % (bps / MEGA) for bps in result.windows_bps) \
        if found.base == "varying" else ""
    return text + "%.3f of %.3f Mbit/s%s, %+.2f %% +- %s, lost %s, %s ms queued, carried %s, limited by %s, latest " \
        "turn %s ms, emulator's %s ms, took %.1f s%s%s%s" % (
            result.found_bps / MEGA, (result.truth_bps or 0) / MEGA, course, result.error_percent() or 0,
            number(result.ci_percent, " %"), number(result.lost_percent, " %"), number(result.delay_ms),
            number(result.carried), result.limited_by, number(result.late_ms), number(result.emulator_ms),
            result.took_s, others,
            "" if is_within(result) else " <-- off", "; " + result.problem if result.problem else "")


def short(value):
    """Two digits, or all of a larger whole number; nothing below a thousandth."""
    return "%d" % round(value) if abs(value) >= 100 else "%.2g" % round(value, 3)


def median_and_worst(values):
    """By size; the worst keeps its sign."""
    known = [v for v in values if v is not None]
    if not known:
        return "-"
    return "%s, %s" % (short(statistics.median(abs(v) for v in known)), short(max(known, key=abs)))


def share(flags):
    flags = list(flags)
    return "%d of %d" % (sum(flags), len(flags)) if flags else "-"


def row(name, results, tools, seconds):
    off = [r.intervals_off() for r in results if r.intervals_off() is not None]
    cells = [name, share(is_within(r) for r in results),
             median_and_worst([r.error_percent() for r in results]),
             share(o <= 1 for o in off), share(o > TOO_NARROW for o in off),
             share(is_gentle(r) for r in results), median_and_worst([r.lost_percent for r in results]),
             median_and_worst([r.delay_ms for r in results]),
             median_and_worst([r.took_s and r.took_s - seconds for r in results]),
             str(sum(1 for r in results if r.problem))]
    return cells + [median_and_worst([r.others[tool] for r in results if tool in r.others]) for tool in tools]


def table(results, tools, seconds):
    """Directions of tests by kind of path, and all."""
    lines = [["kind", "within its limit", "error %: median, worst", "interval covers", "off > %d intervals" %
              TOO_NARROW, "gentle", "lost %: median, worst", "queued ms: median, worst",
              "s beyond its duration: median, worst", "failed"] + ["%s error %%: median, worst" % t for t in tools]]
    lines.append(["---"] * len(lines[0]))
    for kind in KINDS:
        mine = [r for r in results if r.path.kind == kind]
        if mine:
            lines.append(row(kind, mine, tools, seconds))
    lines.append(row("all", results, tools, seconds))
    return "\n".join("| %s |" % " | ".join(cells) for cells in lines)
