"""Debian's Prometheus with a configuration of its own, and its API."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.processes import await_log, eventually, free_port, path_of, running
from tests.lab.servers import LOOPBACK


@dataclass(frozen=True)
class Prometheus:
    """The API of a Prometheus."""

    address: str

    def fetch(self, path: str, **query: Any) -> Any:
        """Return the data of one answer. Raises HTTPError for what is no PromQL."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return what an instant query finds: a list of {metric: labels, value: [time, text]}."""
        found: list[dict[str, Any]] = self.fetch("query", query=query)["result"]
        return found

    def range(self, query: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Return what a query finds between two times, in seconds since 1970."""
        found: list[dict[str, Any]] = self.fetch("query_range", query=query, start=start, end=end, step=step)["result"]
        return found

    def one(self, query: str) -> tuple[dict[str, str], float]:
        """Return the labels and value of the only series of a query, once Prometheus has it."""
        ((found),) = eventually(query, lambda: self.ask(query))
        return found["metric"], float(found["value"][1])


@contextmanager
def prometheus(
    folder: Path, config: Mapping[str, Any], *, every: str = "1s", flags: Sequence[str] = (), port: int = 0
) -> Iterator[Prometheus]:
    """Run Prometheus with a configuration, only scraping and evaluating more often."""
    port, file, log = port or free_port(LOOPBACK), folder / "prometheus.yml", folder / "prometheus.log"
    often = dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), every)
    file.write_text(json.dumps({**config, "global": often}), "utf-8")  # YAML takes JSON
    log.unlink(missing_ok=True)
    command = [
        path_of("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        *flags,
    ]
    with running(command, log) as process:
        await_log(process, log, "Server is ready to receive web requests")
        yield Prometheus(f"{LOOPBACK}:{port}")


def scraping(*jobs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a Prometheus that only scrapes."""
    return {"scrape_configs": jobs}


def job_of(target: str, name: str = "netpatrol") -> dict[str, Any]:
    """Return the scrape_config of one target."""
    return {"job_name": name, "static_configs": [{"targets": [target]}]}
