"""A real Prometheus that scrapes nothing is pushed to: it has all figures, and those that end, end."""

from pathlib import Path

import pytest

from tests.lab import fleet
from tests.lab.command_line import Daemon, Operator
from tests.lab.processes import eventually, free_port, need
from tests.lab.prometheus import prometheus, scraping
from tests.lab.servers import LOOPBACK

pytestmark = pytest.mark.lab

RECEIVER = "--web.enable-remote-write-receiver"
DEVICE = {"name": "app-1", "class": "server", "local": True, "interval": "2s"}


def receiver_at(port: int) -> dict[str, str]:
    return {"url": f"http://{LOOPBACK}:{port}/api/v1/write", "interval": "1s", "instance": "hq"}


def test_figures_reach_a_prometheus_that_scrapes_nothing_and_outlast_its_absence(tmp_path: Path):
    need("prometheus")
    port = free_port(LOOPBACK)
    operator = Operator(tmp_path)
    operator.write(DEVICE, push=receiver_at(port))
    with operator.daemon() as daemon:
        with prometheus(tmp_path, scraping(), flags=[RECEIVER], port=port) as asked:
            labels, _ = asked.one('device_up{device="app-1"} == 1')
            assert labels.items() >= {"job": "netpatrol", "instance": "hq", "site": "lab"}.items()
            asked.one('ifHCInOctets{instance="hq",ifName="lo"}')
            assert asked.one('up{job="netpatrol"}')[1] == 1
        eventually("a failure", lambda: counter(daemon, "netpatrol_push_failures_total") > 1)
        away = counter(daemon, 'netpatrol_polls_total{result="ok"}')
        eventually("polls meanwhile", lambda: counter(daemon, 'netpatrol_polls_total{result="ok"}') >= away + 2)
        with prometheus(tmp_path, scraping(), flags=[RECEIVER], port=port) as asked:
            eventually("all of it", lambda: counter(daemon, "netpatrol_push_kept_samples") == 0, 60)
            gaps = "max_over_time((timestamp(device_up) - timestamp(device_up offset 3s))[1m:1s])"
            assert asked.one(gaps)[1] < 8  # polled every 2 s all the while
            assert asked.one('netpatrol_push_samples_total{result="sent"} > 0')[0]["instance"] == "hq"
        assert counter(daemon, 'netpatrol_push_samples_total{result="dropped"}') == 0
        assert counter(daemon, 'netpatrol_push_samples_total{result="refused"}') == 0


def test_the_figures_of_a_device_that_falls_silent_end_at_once(tmp_path: Path):
    need("prometheus")
    port = free_port(LOOPBACK)
    with (
        fleet.running(tmp_path, push=receiver_at(port)) as site,
        site.operator.daemon("--pollers", "2") as daemon,
        prometheus(tmp_path, scraping(), flags=[RECEIVER], port=port) as asked,
    ):
        of = f'{{device="{fleet.VICTIM}"}}'
        eventually("its figures", lambda: asked.ask(f"ups_load_ratio{of}"), 60)
        site.silence(fleet.VICTIM)
        eventually("it is down", lambda: asked.ask(f"device_up{of} == 0"), 60)
        eventually("its figures end", lambda: not asked.ask(f"ups_load_ratio{of}"), 20)  # not in 5 minutes
        assert asked.ask(f"present_over_time(ups_load_ratio{of}[5m])")
        assert counter(daemon, 'netpatrol_push_samples_total{result="refused"}') == 0


def counter(daemon: Daemon, name: str) -> float:
    """Return one figure of the agent's page."""
    lines = [line for line in daemon.page("?exclude[]=devices").splitlines() if line.startswith(f"{name} ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0
