"""CPU and memory of 300,000 series at a scrape, and of formatting a poll; prometheus_client in the same run."""

import gc
import random
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import TypeVar

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.metrics import Metrics
from agent.metrics_text import block, layout
from agent.model import Entry
from agent.push.remote_write import Encoder
from agent.push.series import Follower
from benchmarks.decoding import cpu
from collectors.columns import Grid, Rows, Samples
from collectors.model import Device, DeviceClass, Sample, Snapshot
from collectors.vocabulary import VOCABULARY

SERIES = 300_000
PORTS, ROWS = 48, 30  # a switch: ports of 20 figures each, and 30 parts of one
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
Row = tuple[str, ...]
T = TypeVar("T")

_PORT_NAMES = [name for name, meaning in VOCABULARY.items() if "ifIndex" in meaning.labels][:20]
_PART_NAMES = [name for name, meaning in VOCABULARY.items() if meaning.labels == ("entity",)]


def measure() -> list[Row]:
    """Return rows: what, how much, and the ratio to ours where there is a peer."""
    return [*_scrapes(), *_polls(), *_memory()]


def _scrapes() -> Iterator[Row]:
    yield f"{SERIES} series at a scrape", "CPU", "ratio"
    shapes = {"1,000 series a device": 1.0, "300 series a device": 0.3, "30 series a device": 0.03}
    pages = {name: _metrics(share) for name, share in shapes.items()}
    figures = {f"netpatrol, {name}": cpu(lambda each=each: _drain(each.pages(NOW))) for name, each in pages.items()}
    first = pages["1,000 series a device"]
    figures["netpatrol, OpenMetrics"] = cpu(lambda: _drain(first.pages(NOW, openmetrics=True)))
    figures["netpatrol, with gzip level 1"] = cpu(lambda: _drain(_gzip(first.pages(NOW))))
    series = [sample for number in range(_devices(1.0)) for sample in _samples(number, 1)]
    figures["prometheus_client, a custom Collector"] = cpu(lambda: generate_latest(_custom(series)), 1)
    gauges = _gauges(series)
    figures["prometheus_client, Gauges"] = cpu(lambda: generate_latest(gauges), 1)
    ours = next(iter(figures.values()))
    yield from ((name, f"{spent * 1e3:.0f} ms", f"{spent / ours:.1f}") for name, spent in figures.items())


def _polls() -> Iterator[Row]:
    metrics = Metrics(VOCABULARY, version="bench")
    entry, polls = _entry(0), [_snapshot(0, seed) for seed in range(10)]
    alike = [replace(each, samples=tuple(_again(polls[0].samples, each.samples))) for each in polls]
    rows = Rows(_port(0, port) for port in range(PORTS))
    grids = [replace(each, samples=_in_grids(rows, each.samples)) for each in polls]
    yield f"a poll of {len(polls[0].samples)} samples", "CPU", ""
    yield "only values changed, in grids", _each(grids, lambda each: metrics.update(entry, each)), ""
    yield "only values changed, one by one", _each(alike, lambda each: metrics.update(entry, each)), ""
    yield "other rows: laid out anew", _each(polls, lambda each: layout({"device": "d"}, each.samples, VOCABULARY)), ""
    follower = Follower(Encoder({"job": "netpatrol", "instance": "bench"}))
    blocks = [block({"device": "d"}, each.samples, VOCABULARY) for each in alike]
    yield "encoded for remote write", _each(blocks, lambda each: follower.follow("d", [each], NOW)), ""


def _memory() -> Iterator[Row]:
    devices = 100
    metrics = Metrics(VOCABULARY, version="bench")
    snapshots = [_snapshot(number, 1) for number in range(devices)]  # the daemon keeps them anyway, in grids
    for at, each in enumerate(snapshots):
        rows = Rows(_port(at, port) for port in range(PORTS))
        snapshots[at] = replace(each, samples=_in_grids(rows, each.samples))
    entries = [_entry(number) for number in range(devices)]
    gc.collect()
    tracemalloc.start()
    for entry, snapshot in zip(entries, snapshots, strict=True):
        metrics.update(entry, snapshot)
    held = tracemalloc.get_traced_memory()[0]
    _drain(metrics.pages(NOW))
    peak = tracemalloc.get_traced_memory()[1] - held
    tracemalloc.stop()
    yield "memory", "bytes", ""
    yield f"a device of {len(snapshots[0].samples)} series", f"{held / devices:.0f}", ""
    yield f"a scrape of {devices} devices, at its most", f"{peak:.0f}", ""


def _each(polls: list[T], work: Callable[[T], object]) -> str:
    work(polls[0])
    spent = median(cpu(lambda each=each: work(each), 20) for each in polls)  # type: ignore[misc]
    return f"{spent * 1e3:.2f} ms"


def _drain(pieces: Iterable[bytes]) -> int:
    return sum(map(len, pieces))


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    yield from map(packer.compress, pieces)
    yield packer.flush()


# ---- a fleet ----


def _devices(share: float) -> int:
    return SERIES // len(_samples(0, 0, share))


def _metrics(share: float) -> Metrics:
    metrics = Metrics(VOCABULARY, version="bench")
    for number in range(_devices(share)):
        metrics.update(_entry(number), _snapshot(number, 1, share))
    return metrics


def _entry(number: int) -> Entry:
    return Entry(device=Device(name=f"sw-{number}", address="192.0.2.1", device_class=DeviceClass.SWITCH))


def _snapshot(number: int, seed: int, share: float = 1.0) -> Snapshot:
    return Snapshot(device=f"sw-{number}", taken_at=NOW, up=True, samples=tuple(_samples(number, seed, share)))


def _samples(number: int, seed: int, share: float = 1.0) -> list[Sample]:
    """Return a switch's samples: counters of its ports, ratios of its parts. A share has fewer ports and parts."""
    luck = random.Random(f"{number} {seed}")  # noqa: S311 - not a secret
    ports = [_port(number, port) for port in range(max(1, round(PORTS * share)))]
    made = [Sample(name, port, luck.randrange(10 ** luck.randrange(1, 14))) for name in _PORT_NAMES for port in ports]
    parts = [{"entity": f"Slot {part}"} for part in range(max(1, round(ROWS * share)))]
    return made + [Sample(_PART_NAMES[0], part, luck.random()) for part in parts]


def _port(number: int, port: int) -> dict[str, str]:
    name = f"GigabitEthernet0/0/{port}"
    return {"ifIndex": str(port), "ifName": f"GE0/0/{port}", "ifDescr": name, "ifAlias": f"to-{number * 7919}-{port}"}


def _again(first: Iterable[Sample], later: Iterable[Sample]) -> Iterator[Sample]:
    """Give later values to the labels of the first poll, as the decoder does."""
    for one, other in zip(first, later, strict=True):
        yield replace(one, value=other.value)


def _in_grids(rows: Rows, samples: Sequence[Sample]) -> Samples:
    """Put the figures of ports side by side, as the decoder does."""
    values = [sample.value for sample in samples]
    columns = {name: values[at * PORTS : (at + 1) * PORTS] for at, name in enumerate(_PORT_NAMES)}
    return Samples(samples[len(_PORT_NAMES) * PORTS :], (Grid(rows, columns),))


# ---- the peer ----


def _gauges(series: Iterable[Sample]) -> CollectorRegistry:
    registry, gauges = CollectorRegistry(), dict[str, Gauge]()
    for number, sample in enumerate(series):
        if sample.name not in gauges:
            names = ("number", *sample.labels)
            gauges[sample.name] = Gauge(sample.name, "of the peer", names, registry=registry)
        gauges[sample.name].labels(str(number), *sample.labels.values()).set(sample.value)
    return registry


def _custom(series: list[Sample]) -> CollectorRegistry:
    class Custom(Collector):
        def collect(self) -> Iterator[GaugeMetricFamily]:
            families: dict[str, GaugeMetricFamily] = {}
            for number, sample in enumerate(series):
                if sample.name not in families:
                    names = ("number", *sample.labels)
                    families[sample.name] = GaugeMetricFamily(sample.name, "of the peer", labels=names)
                families[sample.name].add_metric((str(number), *sample.labels.values()), sample.value)
            yield from families.values()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Custom())
    return registry


def main() -> None:
    """Print the rows."""
    for row in measure():
        print("  ".join(f"{cell:>12}" if n else f"{cell:<42}" for n, cell in enumerate(row)))


if __name__ == "__main__":
    main()
