"""Lists the devices as targets for Prometheus' HTTP service discovery. Pure.

https://prometheus.io/docs/prometheus/latest/http_sd/
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from agent.metrics_labels import clean
from agent.model import Entry

PREFIX = "__meta_netpatrol_"


def target_groups(entries: Iterable[Entry], profile: Callable[[str], str | None]) -> list[dict[str, Any]]:
    """Return one group a device: its name as the target, and what the inventory says of it as labels.

    `profile` tells which one a device was recognised by, for those whose entry names none. There is no address: a
    scrape goes to the agent's /probe, with the name.
    """
    return [
        {"targets": [entry.name], "labels": {f"{PREFIX}{name}": text for name, text in _labels(entry, profile)}}
        for entry in entries
    ]


def _labels(entry: Entry, profile: Callable[[str], str | None]) -> Iterable[tuple[str, str]]:
    site = entry.site
    yield "device", entry.name
    yield "class", entry.device.device_class.value
    yield "profile", clean(entry.device.profile or profile(entry.name) or "")
    yield "site", site.name if site else ""
    yield "site_title_zh", clean(site.title.zh) if site else ""
    yield "site_title_en", clean(site.title.en) if site else ""
    yield "customer", site.customer.name if site else ""
    yield "criticality", entry.criticality
    yield (
        "tags",
        f",{','.join(map(clean, entry.tags))}," if entry.tags else "",
    )  # so that `.*,core,.*` finds a whole tag
    yield "interval", _duration(entry.interval)  # for __scrape_interval__


def _duration(interval: timedelta) -> str:
    """Return a duration as Prometheus reads it: it knows no fractions."""
    seconds, rest = divmod(interval, timedelta(seconds=1))
    return f"{interval // timedelta(milliseconds=1)}ms" if rest else f"{seconds}s"
