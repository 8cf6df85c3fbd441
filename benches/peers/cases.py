"""The cases: what each measures, the figures it gives, and their targets."""

import time
from dataclasses import dataclass

import programs
from data import GIB, KIB, MIB, Data
from measure import Stopwatch, Unmeasured

OPENSSL, CURL, ONE, DEFAULTS, RCLONE = (
    "openssl dgst (local copy)", "curl to /dev/null", "recverify, one connection", "recverify, defaults",
    "rclone hashsum --download")
CURL_TLS, ONE_TLS = "curl to /dev/null, TLS", "recverify, one connection, TLS"

LATENCY = 0.020
BYTES_PER_SECOND = 20_000_000
LEVELS = (8, 16, 32, 64, 128)


@dataclass
class Sizes:
    """How much there is to read."""

    one: int = GIB
    huge: int = 8 * GIB
    slow: int = 512 * MIB
    records: int = 2000
    large: int = 64 * MIB


QUICK = Sizes(one=64 * MIB, huge=512 * MIB, slow=32 * MIB, records=100, large=4 * MIB)


@dataclass
class Row:
    """One line of the table of targets."""

    case: str
    figure: str
    target: str
    met: bool | None


class Bench:
    """What the cases share; collects the rows of both tables."""

    def __init__(self, recverify, tools, servers, data: Data, watch: Stopwatch, sizes: Sizes, rounds, tell):
        self.recverify, self.tools, self.servers, self.data = recverify, tools, servers, data
        self.watch, self.sizes, self.rounds, self.tell = watch, sizes, rounds, tell
        self.targets, self.costs, self.notes = [], [], []

    def at_most(self, case, value, limit, unit="", detail=""):
        figure = f"{value:.2f}{unit}" + (f" ({detail})" if detail else "")
        self.targets.append(Row(case, figure, f"≤ {limit:.2f}{unit}", value <= limit))

    def without(self, case, why):
        self.targets.append(Row(case, why, "", None))

    def verify(self, batch, *flags, endpoint=None):
        return self.recverify.verify(batch, endpoint or self.servers.http, *flags)

    def measure(self, commands, rounds=None):
        return self.watch.in_turn(commands, rounds or self.rounds, self.tell)

    def one(self):
        return self.data.batch("one-object", 1, self.sizes.one)

    def many(self):
        return self.data.batch("many-objects", self.sizes.records, 256 * KIB)

    def cost(self, measured, floor, size):
        """Adds programs to the table of costs."""
        for name, runs in measured.items():
            both = lambda figure, scale: f"{runs.median(figure) / scale:.2f} ({runs.least(figure) / scale:.2f})"
            gib = size / GIB
            self.costs.append((
                name, both("cpu", gib), f"{runs.median('user') / gib:.2f}", f"{runs.median('system') / gib:.2f}",
                both("wall", 1), f"{runs.median('peak') / MIB:.1f}", f"{runs.median('cpu') / floor:.2f}"))


def floor_of(measured, curl):
    """The hash and the receiving: what no client can do without."""
    return measured[OPENSSL].median("user") + measured[curl].median("cpu")


def spread(runs, figure):
    """Median and least of a figure in seconds."""
    return f"{runs.median(figure):.2f} s, least {runs.least(figure):.2f} s"


def one_object(bench):
    batch, http = bench.one(), bench.servers.http
    commands = {
        OPENSSL: programs.hash_local(bench.tools, batch),
        CURL: programs.curl_to_nothing(bench.tools, batch, http),
        ONE: bench.verify(batch, *bench.recverify.one_connection),
        DEFAULTS: bench.verify(batch),
    }
    if "rclone" in bench.tools:
        commands[RCLONE] = programs.rclone(bench.tools, batch, http, bench.recverify.home)
    commands |= programs.piped(bench.tools, batch, http, bench.recverify.home)
    measured = bench.measure(commands)
    floor = floor_of(measured, CURL)
    bench.cost(measured, floor, batch.video_bytes)
    one, defaults, local = measured[ONE], measured[DEFAULTS], measured[OPENSSL]
    bench.at_most("one object, http, one connection: CPU against the floor", one.median("cpu") / floor, 1.10,
                  detail=f"{spread(one, 'cpu')}; floor {floor:.2f} s")
    bench.at_most("the same at the defaults: wall against hashing a local copy",
                  defaults.median("wall") / local.median("wall"), 1.00,
                  detail=f"{spread(defaults, 'wall')}; local {spread(local, 'wall')}")
    case = "the same against rclone hashsum --download"
    if RCLONE not in measured:
        return bench.without(case, "rclone was not found")
    for figure, words, limit in (("cpu", "CPU", 0.90), ("wall", "wall", 0.90), ("peak", "peak memory", 0.60)):
        bench.at_most(f"{case}: {words}", defaults.median(figure) / measured[RCLONE].median(figure), limit)


def tls(bench):
    batch, https, ca = bench.one(), bench.servers.https, bench.servers.ca
    measured = bench.measure({
        OPENSSL: programs.hash_local(bench.tools, batch),
        CURL_TLS: programs.curl_to_nothing(bench.tools, batch, https, ca),
        ONE_TLS: bench.verify(batch, *bench.recverify.one_connection, "--ca-bundle", ca, endpoint=https),
    })
    floor, one = floor_of(measured, CURL_TLS), measured[ONE_TLS]
    bench.cost({name: measured[name] for name in (CURL_TLS, ONE_TLS)}, floor, batch.video_bytes)
    bench.at_most("one object, TLS, one connection: CPU against the floor", one.median("cpu") / floor, 1.15,
                  detail=f"{spread(one, 'cpu')}; floor {floor:.2f} s")


def slow_connections(bench):
    case = f"{BYTES_PER_SECOND // 10**6} MB/s a connection, one object at the defaults: wall against one connection"
    if not bench.recverify.has_parts:
        return bench.without(case, "not supported by this binary: it has no --parts")
    batch = bench.data.batch("slow-object", 1, bench.sizes.slow)
    line = bench.servers.shaper("--rate", str(BYTES_PER_SECOND))
    measured = bench.measure({
        ONE: bench.verify(batch, *bench.recverify.one_connection, endpoint=line),
        DEFAULTS: bench.verify(batch, endpoint=line),
    }, min(bench.rounds, 3))
    bench.at_most(case, measured[DEFAULTS].median("wall") / measured[ONE].median("wall"), 0.15,
                  detail=f"{spread(measured[DEFAULTS], 'wall')}; one connection {spread(measured[ONE], 'wall')}")


def latency(bench):
    batch = bench.many()
    line = bench.servers.shaper("--latency-ms", str(round(LATENCY * 1000)))
    commands = {level: bench.verify(batch, "--concurrency", str(level), endpoint=line) for level in LEVELS}
    if bench.recverify.has_auto:
        commands["auto"] = bench.verify(batch, "--concurrency", "auto", endpoint=line)
    measured = bench.measure(commands, min(bench.rounds, 3))
    ideal = (batch.objects + len(batch.ids)) * LATENCY / 32
    case = f"{len(batch.ids)} records, {LATENCY * 1000:.0f} ms latency, --concurrency 32"
    bench.at_most(f"{case}: wall against requests × latency ÷ 32", measured[32].median("wall") / ideal, 1.15,
                  detail=f"{spread(measured[32], 'wall')}; ideal {ideal:.2f} s")
    best = min(LEVELS, key=lambda level: measured[level].median("wall"))
    bench.notes.append("Wall by fixed concurrency: " + ", ".join(
        f"{level}: {measured[level].median('wall'):.2f} s" for level in LEVELS) + ".")
    case = "the same, --concurrency auto: wall against the best fixed level"
    if not bench.recverify.has_auto:
        return bench.without(case, "not supported by this binary: it has no --concurrency auto")
    bench.at_most(case, measured["auto"].median("wall") / measured[best].median("wall"), 1.20,
                  detail=f"{spread(measured['auto'], 'wall')}; best is {best}, {spread(measured[best], 'wall')}")


def many_objects(bench):
    batch = bench.many()
    records, objects = len(batch.ids), batch.objects
    case = f"{records} records without latency: CPU a record against rclone over the same {objects} objects"
    if "rclone" not in bench.tools:
        return bench.without(case, "rclone was not found")
    measured = bench.measure({
        DEFAULTS: bench.verify(batch),
        RCLONE: programs.rclone(bench.tools, batch, bench.servers.http, bench.recverify.home, whole_bucket=True),
    })
    ours, theirs = (measured[name].median("cpu") for name in (DEFAULTS, RCLONE))
    each = 1000 / records
    bench.at_most(case, ours / theirs, 0.90, detail=f"{ours * each:.2f} ms and {theirs * each:.2f} ms")
    bench.notes.append("Many objects, without latency: " + "; ".join(
        f"{name}: wall {spread(runs, 'wall')}, CPU {spread(runs, 'cpu')}, "
        f"{runs.median('peak') / MIB:.1f} MiB" for name, runs in measured.items()) + ".")


def memory(bench):
    one = bench.one()
    huge = bench.data.batch("huge-object", 1, bench.sizes.huge, sparse=True)
    flags = bench.recverify.one_connection
    measured = bench.measure({"one": bench.verify(one, *flags), "huge": bench.verify(huge, *flags)},
                             min(bench.rounds, 3))
    small, large = (measured[name].median("peak") / MIB for name in ("one", "huge"))
    sizes = f"{gib(one.video_bytes)} and {gib(huge.video_bytes)}"
    bench.at_most(f"peak memory, {sizes} object, one connection", max(small, large), 24, " MiB",
                  f"{small:.1f} and {large:.1f}")
    bench.at_most("the two of them: larger against smaller", max(small, large) / min(small, large), 1.10)


def batch_memory(bench):
    batch = bench.data.batch("large-objects", 64, bench.sizes.large, files=4)
    runs = bench.measure({DEFAULTS: bench.verify(batch)}, min(bench.rounds, 3))[DEFAULTS]
    peaks = [peak / MIB for peak in runs.figures("peak")]
    case = f"peak memory, everything at its default, {len(batch.ids)} records of {gib(batch.video_bytes)}"
    bench.at_most(case, max(peaks), 112, " MiB", f"the most of {len(peaks)} runs; wall {spread(runs, 'wall')}")


def program(bench):
    binary = bench.recverify.binary
    command = programs.Command([binary, "--version"])
    runs = bench.measure({"recverify --version": command}, 20)["recverify --version"]
    bench.at_most("recverify --version: wall", runs.median("wall") * 1000, 10, " ms")
    bench.at_most("release binary", binary.stat().st_size / MIB, 18, " MiB")


def gib(size):
    return f"{size // GIB} GiB" if size >= GIB else f"{size // MIB} MiB"


# In this order; the one that fills the page cache with its object comes last.
CASES = {
    "one-object": one_object,
    "tls": tls,
    "slow-connections": slow_connections,
    "latency": latency,
    "many-objects": many_objects,
    "program": program,
    "batch-memory": batch_memory,
    "memory": memory,
}


def run(bench, name):
    """Runs a case; one that cannot be measured says why in its place. Returns whether it was."""
    bench.tell(f"{name}:")
    began = time.monotonic()
    try:
        CASES[name](bench)
    except Unmeasured as why:
        bench.without(name, f"not measured: {why}")
        return False
    finally:
        bench.tell(f"  {time.monotonic() - began:.0f} s")
    return True
