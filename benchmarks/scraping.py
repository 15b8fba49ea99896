"""CPU of one answer to Prometheus with 300,000 series, against prometheus_client's gauges: `-m benchmarks.scraping`."""

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from agent.metrics import Metrics
from agent.model import Entry
from benchmarks import goals, switch
from benchmarks.bench import Case, python
from collectors.model import Sample, Snapshot
from collectors.vocabulary import VOCABULARY

DEVICES, SERIES = 300, 1_000  # 300,000
NAMES = (*switch.GAUGES, *switch.COUNTERS)


def cases() -> list[Case]:
    """Return a row for each way to answer."""
    rows = {"netpatrol": "ours", "prometheus_client, a Gauge a name": "client"}
    return [Case(goals.SCRAPE, row, lambda _, way=way: json.loads(_run(way))) for row, way in rows.items()]  # type: ignore[misc]


def _run(way: str) -> str:
    return python("benchmarks.scraping", way)


def samples() -> tuple[Sample, ...]:
    """Return one device's series: interface figures, with the labels they have."""
    made = []
    for number in range(SERIES):
        port = str(number // len(NAMES))
        labels = {"ifIndex": port, "ifName": f"Gi1/0/{port}", "ifDescr": f"GigabitEthernet1/0/{port}", "ifAlias": ""}
        made.append(Sample(NAMES[number % len(NAMES)], labels, 10**12 + number))
    return tuple(made)


def ours() -> Callable[[], list[bytes]]:
    """Return our answer, ready to be asked for; in pieces, as it is sent."""
    metrics = Metrics(VOCABULARY, version="benchmark")
    now = datetime.now(UTC)
    for number in range(DEVICES):
        name = f"sw-{number:05}"
        device = switch.device(name, switch.access("2c", 161))
        metrics.update(Entry(device=device), Snapshot(device=name, taken_at=now, up=True, samples=samples()))
    return lambda: list(metrics.pages(now))


def client() -> Callable[[], list[bytes]]:
    """Return the answer of prometheus_client with the same series."""
    registry = CollectorRegistry()
    labels = ("device", "site", "customer", "device_class", *VOCABULARY["ifHCInOctets"].labels)
    gauges = {name: Gauge(name, VOCABULARY[name].help, labels, registry=registry) for name in NAMES}
    for number in range(DEVICES):
        for sample in samples():
            gauges[sample.name].labels(f"sw-{number:05}", "", "", "switch", *sample.labels.values()).set(sample.value)
    return lambda: [generate_latest(registry)]


WAYS = {"ours": ours, "client": client}


def main() -> None:
    """Answer twice, and print what the second answer cost as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    answer = WAYS[parser.parse_args().way]()
    answer()
    before = time.process_time()
    page = answer()
    spent = time.process_time() - before
    assert sum(piece.count(b"{") for piece in page) >= DEVICES * SERIES
    print(json.dumps({"s CPU": spent, "MB": sum(map(len, page)) / 1e6}))


if __name__ == "__main__":
    main()
