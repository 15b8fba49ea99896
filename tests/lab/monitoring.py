"""Prometheus and Alertmanager with the configurations of dashboards/, only quicker and on ports of their own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.lab.processes import await_log, free_port, path_of, running
from tests.lab.prometheus import Prometheus, prometheus
from tests.lab.servers import LOOPBACK

DASHBOARDS = Path(__file__).parents[2] / "dashboards"
SOON = "1s"  # stands for every time that a rule or a route waits
EVERY = "2s"  # scrapes and evaluations


@dataclass
class Heard:
    """What Alertmanager told its receivers: (receiver's path, alert)."""

    alerts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def of(self, name: str, **labels: str) -> list[tuple[str, dict[str, Any]]]:
        """Return what was told of the firing alerts of that name with these labels."""
        wanted = {"alertname": name, **labels}
        return [
            (path, alert)
            for path, alert in self.alerts
            if alert["status"] == "firing" and wanted.items() <= alert["labels"].items()
        ]


@contextmanager
def receiver() -> Iterator[tuple[str, Heard]]:
    """Run a webhook on loopback; give its URL and what it heard."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.alerts.extend((self.path, alert) for alert in body["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}", heard
        server.shutdown()
        thread.join(10)


@contextmanager
def alertmanager(folder: Path, webhook: str) -> Iterator[str]:
    """Run Alertmanager with the example's routes and inhibitions; give its address."""
    port, file, log = free_port(LOOPBACK), folder / "alertmanager.yml", folder / "alertmanager.log"
    config = yaml.safe_load((DASHBOARDS / "alertmanager/alertmanager.yml").read_text("utf-8"))
    config["templates"] = [str(DASHBOARDS / "alertmanager/netpatrol.tmpl")]
    config["route"] |= {"group_wait": SOON, "group_interval": SOON}
    for each in config["receivers"]:
        each["webhook_configs"] = [{"url": f"{webhook}/{each['name']}", "send_resolved": True}]
    file.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    command = [
        path_of("prometheus-alertmanager"),
        f"--config.file={file}",
        f"--storage.path={folder / 'alerts'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--cluster.listen-address=",
    ]
    with running(command, log) as process:
        await_log(process, log, f"{port}")
        yield f"{LOOPBACK}:{port}"


def rules(folder: Path) -> list[str]:
    """Write the rules with every `for` shortened; return the files."""
    written = []
    for source in sorted([*DASHBOARDS.glob("rules/*.yml"), *DASHBOARDS.glob("alerts/*.yml")]):
        document = yaml.safe_load(source.read_text("utf-8"))
        for rule in (rule for group in document["groups"] for rule in group["rules"] if "for" in rule):
            rule["for"] = SOON
        path = folder / f"{source.parent.name}-{source.name}"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
        written.append(str(path))
    return written


@dataclass(frozen=True)
class Watcher(Prometheus):
    """The Prometheus that watches, and what its Alertmanager told."""

    manager: str  # Alertmanager's address
    heard: Heard


@contextmanager
def watching(folder: Path, target: str) -> Iterator[Watcher]:
    """Watch one netpatrol with all that dashboards/ has: prometheus.yml, rules, alerts, Alertmanager."""
    config = yaml.safe_load((DASHBOARDS / "prometheus.yml").read_text("utf-8"))
    (job,) = config["scrape_configs"]
    job["static_configs"] = [{"targets": [target]}]
    config["rule_files"] = rules(folder)
    with receiver() as (webhook, heard), alertmanager(folder, webhook) as manager:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]}
        with prometheus(folder, config, every=EVERY) as found:
            yield Watcher(found.address, manager, heard)
