"""A real Prometheus reads every form of the exposition, and finds devices by itself."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.lab.command_line import Daemon, Operator
from tests.lab.processes import eventually, need
from tests.lab.prometheus import Prometheus, job_of, prometheus, scraping
from tests.lab.servers import LOOPBACK

pytestmark = pytest.mark.lab

DEVICE = {"name": "app-1", "class": "server", "local": True, "interval": "2s"}


@contextmanager
def plain(address: str) -> Iterator[str]:
    """Stand before the agent, and ask it for plain text whatever the client wants; give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            request = urllib.request.Request(f"http://{address}{self.path}", headers={"Accept": "text/plain"})
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.end_headers()
                self.wfile.write(answer.read())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"{LOOPBACK}:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """This machine, polled every 2 s."""
    need("prometheus", "promtool")
    operator = Operator(tmp_path_factory.mktemp("agent"))
    operator.write(DEVICE)
    with operator.daemon() as running:
        yield running


@pytest.fixture(scope="module")
def asked(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the agent in both formats, and each device it is told of."""
    through_probe = {
        "job_name": "devices",
        "metrics_path": "/probe",
        "http_sd_configs": [{"url": f"http://{daemon.address}/sd"}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__address__"], "target_label": "instance"},
            {"source_labels": ["__meta_netpatrol_interval"], "target_label": "__scrape_interval__"},
            {"target_label": "__address__", "replacement": daemon.address},
        ],
    }
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with plain(daemon.address) as address:
        config = scraping(job_of(daemon.address), job_of(address, "plain"), through_probe)
        with prometheus(folder, config) as found:
            yield found


@pytest.mark.parametrize("job", ["netpatrol", "plain"])
def test_everything_of_a_page_is_scraped_in_both_formats(asked: Prometheus, job: str):
    assert asked.one(f'up{{job="{job}"}} == 1')[1] == 1
    assert asked.one(f'device_up{{job="{job}",device="app-1"}} == 1')[0]["device_class"] == "server"
    assert asked.one(f'netpatrol_build_info{{job="{job}"}}')[1] == 1


def test_both_formats_have_the_same_series(asked: Prometheus):
    for job in ("netpatrol", "plain"):
        asked.one(f'ifHCInOctets{{job="{job}",ifName="lo"}}')

    def names(job: str) -> set[str]:
        return {row["metric"]["__name__"] for row in asked.ask(f'count by (__name__) ({{job="{job}"}})')}

    # what is settled of a poll shows a little after it: the two scrapes may lie on either side
    eventually("the same series", lambda: names("netpatrol") == names("plain"))


def metadata(asked: Prometheus, job: str, name: str) -> set[tuple[str, str]]:
    """Return (type, help) that Prometheus knows of a metric from one job."""

    def found() -> Any:
        return asked.fetch("targets/metadata", match_target=f'{{job="{job}"}}', metric=name)

    return {(row["type"], row["help"]) for row in eventually(f"metadata of {name}", found)}


@pytest.mark.parametrize(
    ("job", "name", "kind"),
    [
        ("netpatrol", "device_cpu_ratio", "gauge"), ("plain", "device_cpu_ratio", "gauge"),
        ("netpatrol", "ifHCInOctets", "unknown"), ("plain", "ifHCInOctets", "counter"),
        ("netpatrol", "netpatrol_polls", "counter"), ("plain", "netpatrol_polls_total", "counter"),
    ],
)  # fmt: skip
def test_types_and_help_are_known_to_prometheus(asked: Prometheus, job: str, name: str, kind: str):
    ((found, text),) = metadata(asked, job, name)
    assert found == kind
    assert text


def test_prometheus_finds_each_device_and_asks_for_it_alone(asked: Prometheus):
    labels, success = asked.one('probe_success{job="devices"} == 1')
    assert (labels["instance"], success) == ("app-1", 1)
    assert asked.one('device_up{job="devices"}')[0]["device"] == "app-1"
    (target,) = [each for each in asked.fetch("targets")["activeTargets"] if each["scrapePool"] == "devices"]
    assert (target["health"], target["scrapeInterval"]) == ("up", "2s")
    assert not asked.ask('netpatrol_polls_total{job="devices"}')


def test_an_address_is_no_target(daemon: Daemon):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://{daemon.address}/probe?target=127.0.0.1", timeout=10)
    with refused.value as answer:
        assert answer.code == 404


def test_a_device_is_polled_when_it_is_asked_for(tmp_path: Path):
    operator = Operator(tmp_path)
    operator.write(DEVICE | {"interval": "1h"})
    with operator.daemon() as daemon:
        page = daemon.page("", path="/probe?target=app-1").splitlines()
    assert "probe_success 1" in page
    assert any(line.startswith('device_up{device="app-1",') and line.endswith(" 1") for line in page)
