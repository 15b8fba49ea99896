"""What Prometheus gets: the latest snapshots, and how the agent itself does."""

import re
import subprocess
import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agent.derive import DERIVED, MEMORY
from agent.metrics import Metrics
from agent.model import FindingState, Severity, TicketStatus
from collectors.model import Sample, Snapshot
from collectors.vocabulary import VOCABULARY
from tests.agent.metered import NOW, TOP, entry, finding, names, series, snapshot, ticket
from tests.lab.processes import need, path_of

MEANINGS = VOCABULARY | DERIVED


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(VOCABULARY, version="1.2.3")


def value(metrics: Metrics, name: str, now: datetime = NOW, **labels: str) -> float | None:
    return series(metrics.render(now)).get((name, frozenset(labels.items())))


def test_a_snapshot_shows_with_the_labels_of_its_device(metrics: Metrics):
    metrics.update(entry(), snapshot())
    assert value(metrics, "device_cpu_ratio", **TOP, entity="CPU") == 0.5


def test_a_device_without_a_site_has_empty_labels(metrics: Metrics):
    metrics.update(entry(site=None), snapshot())
    assert value(metrics, "device_up", **(TOP | {"site": "", "customer": ""})) == 1


def test_the_latest_snapshot_takes_the_place_of_the_one_before(metrics: Metrics):
    metrics.update(entry(), snapshot())
    metrics.update(entry(), Snapshot(device="core-1", taken_at=NOW, samples=(Sample("device_up", {}, 0),)))
    assert value(metrics, "device_up", **TOP) == 0
    assert value(metrics, "device_cpu_ratio", **TOP, entity="CPU") is None


@pytest.mark.parametrize(
    ("interval", "age", "stale"),
    [(60, 300, False), (60, 301, True), (600, 1800, False), (600, 1801, True)],
    ids=["five minutes", "more", "three intervals", "more than three intervals"],
)
def test_a_device_not_polled_for_too_long_shows_only_that_it_is_not_up(interval, age, stale, metrics: Metrics):
    metrics.update(entry(interval=interval), snapshot())
    later = NOW + timedelta(seconds=age)
    assert value(metrics, "device_up", later, **TOP) == (0 if stale else 1)
    assert (value(metrics, "device_cpu_ratio", later, **TOP, entity="CPU") is None) is stale
    assert value(metrics, "netpatrol_devices", later, state="stale") == stale


def test_a_clock_that_was_set_back_shows_no_figure_of_unknown_age(metrics: Metrics):
    metrics.update(entry(), snapshot())
    hung = NOW - timedelta(hours=2)
    assert value(metrics, "device_up", hung, **TOP) == 0
    metrics.update(entry(), replace(snapshot(), taken_at=hung))
    assert value(metrics, "device_up", hung, **TOP) == 1


def test_a_device_that_is_never_polled_is_not_up_after_a_while(metrics: Metrics):
    metrics.know([entry(), entry("core-2")], NOW)
    assert names(metrics.render(NOW)) & {"device_up"} == set()
    late = NOW + timedelta(minutes=6)
    metrics.update(entry("core-2"), replace(snapshot("core-2"), taken_at=late))
    assert (value(metrics, "device_up", late, **TOP), value(metrics, "netpatrol_devices", late, state="stale")) == (
        0,
        1,
    )
    assert metrics.find("core-1") is None
    metrics.update(entry(), replace(snapshot(), taken_at=late))
    assert value(metrics, "device_up", late, **TOP) == 1


def test_a_device_that_is_polled_again_is_fresh(metrics: Metrics):
    metrics.update(entry(), snapshot())
    later = NOW + timedelta(hours=1)
    metrics.update(entry(), Snapshot(device="core-1", taken_at=later, up=True, samples=snapshot().samples))
    assert value(metrics, "device_up", later, **TOP) == 1


def test_devices_are_counted_by_how_they_stand(metrics: Metrics):
    for name, up in (("a", True), ("b", True), ("c", False)):
        metrics.update(entry(name), snapshot(name, up=up))
    found = {state: value(metrics, "netpatrol_devices", state=state) for state in ("up", "down", "stale")}
    assert found == {"up": 2, "down": 1, "stale": 0}


def test_findings_that_are_not_cleared_are_counted_by_device_and_in_all(metrics: Metrics):
    metrics.update(entry(), snapshot())
    findings = [
        finding("core-1", Severity.CRITICAL, object_="CPU 1"),
        finding("core-1", Severity.CRITICAL, FindingState.REGRESSED, "CPU 2"),
        finding("core-1", Severity.WARNING, FindingState.CLEARED),
        finding("core-1", Severity.WARNING, FindingState.WAIVED, "CPU 3"),
        finding("edge-1", Severity.UNKNOWN),
    ]
    metrics.settle(findings, [])
    assert value(metrics, "device_findings_open", **TOP, severity="critical") == 2
    assert value(metrics, "device_findings_open", **TOP, severity="warning") is None
    assert value(metrics, "device_findings_open", device="edge-1", severity="unknown") == 1
    total = {s: value(metrics, "netpatrol_findings_open", severity=s) for s in ("warning", "critical", "unknown")}
    assert total == {"warning": 0, "critical": 2, "unknown": 1}


def test_tickets_that_are_not_resolved_are_counted(metrics: Metrics):
    metrics.update(entry(), snapshot())
    statuses = list(TicketStatus)
    metrics.settle([], [ticket("core-1", Severity.CRITICAL, status) for status in statuses])
    assert value(metrics, "device_tickets_open", **TOP, severity="critical") == len(statuses) - 2
    metrics.settle([], [])
    assert value(metrics, "device_tickets_open", **TOP, severity="critical") is None
    assert value(metrics, "netpatrol_tickets_open", severity="critical") == 0


@pytest.mark.parametrize(
    ("polled", "result"),
    [(snapshot(), "ok"), (snapshot(failed=True), "partial"), (snapshot(up=False, failed=True), "down")],
)
def test_polls_are_counted_by_result(polled, result, metrics: Metrics):
    metrics.health.polled(polled)
    found = {r: value(metrics, "netpatrol_polls_total", result=r) for r in ("ok", "partial", "down")}
    assert found == {"ok": 0, "partial": 0, "down": 0} | {result: 1}


def test_the_agents_own_work_shows(metrics: Metrics):
    metrics.health.polled(snapshot(cost=7.0))
    metrics.health.store_failed()
    metrics.health.overran(2)
    metrics.update(entry(), Snapshot(device="core-1", taken_at=NOW, samples=(Sample("no_such_name", {}, 1),)))
    assert value(metrics, "netpatrol_poll_duration_seconds_bucket", le="5.0") == 0
    assert value(metrics, "netpatrol_poll_duration_seconds_bucket", le="10.0") == 1
    assert value(metrics, "netpatrol_last_poll_timestamp_seconds") == NOW.timestamp()
    assert value(metrics, "netpatrol_store_errors_total") == 1
    assert value(metrics, "netpatrol_polls_missed_total") == 2
    assert value(metrics, "netpatrol_samples_unknown_total") == 1
    assert value(metrics, "netpatrol_build_info", version="1.2.3") == 1


def test_two_agents_in_one_process_do_not_share_a_registry(metrics: Metrics):
    metrics.health.store_failed()
    assert value(Metrics(VOCABULARY, version="1"), "netpatrol_store_errors_total") == 0


def test_what_is_only_remembered_is_not_shown_nor_called_unknown():
    metrics = Metrics(MEANINGS, version="1", hidden=MEMORY)
    samples = [Sample(name, dict.fromkeys(MEANINGS[name].labels, "x"), 1) for name in (*MEMORY, "device_up")]
    metrics.update(entry(), Snapshot(device="core-1", taken_at=NOW, up=True, samples=tuple(samples)))
    assert names(metrics.render(NOW)) & MEANINGS.keys() == {"device_up"}
    assert value(metrics, "netpatrol_samples_unknown_total") == 0


def everything() -> Metrics:
    """A page with every name, for two devices, with hostile labels."""
    metrics = Metrics(MEANINGS, version="1")
    for name in ("core-1", 'we"ird\\\n'):
        samples = [Sample(s, dict.fromkeys(m.labels, '"\n\\'), 1.5) for s, m in MEANINGS.items()]
        metrics.update(entry(name), Snapshot(device=name, taken_at=NOW, up=True, samples=tuple(samples)))
        metrics.health.polled(snapshot(name))
    metrics.settle([finding("core-1", Severity.WARNING)], [ticket("core-1", Severity.WARNING)])
    return metrics


def test_every_metric_stands_in_one_group_with_one_help_and_one_type():
    page = everything().render(NOW)
    for what in ("HELP", "TYPE"):
        headed = re.findall(rf"^# {what} (\w+)", page.decode(), re.MULTILINE)
        assert len(headed) == len(set(headed))
    assert series(page)
    assert names(page) >= MEANINGS.keys()


def test_a_page_without_mib_names_has_all_others():
    metrics = everything()
    left_out = names(metrics.render(NOW)) - names(metrics.render(NOW, mib=False))
    assert left_out == {name for name, m in MEANINGS.items() if re.search("[A-Z]", " ".join((name, *m.labels)))}
    assert {"ifHCInOctets", "if_utilisation_ratio"} <= left_out
    assert "device_cpu_ratio" not in left_out


def test_threads_may_update_and_scrape_at_once(metrics: Metrics):
    pages: list[bytes] = []
    scrapes = [threading.Thread(target=lambda: pages.extend(metrics.render(NOW) for _ in range(20))) for _ in range(4)]
    for thread in scrapes:
        thread.start()
    for number in range(100):
        metrics.update(entry(f"d{number}"), snapshot(f"d{number}"))
        metrics.settle([finding(f"d{number}", Severity.WARNING)], [])
    for thread in scrapes:
        thread.join()
    assert len(pages) == 80
    assert all(series(page) for page in pages)


# ---- promtool ----


def promtool(page: bytes) -> subprocess.CompletedProcess[bytes]:
    need("promtool")
    command = [path_of("promtool"), "check", "metrics"]
    return subprocess.run(command, input=page, capture_output=True, check=False, timeout=60)


@pytest.mark.lab
def test_promtool_has_nothing_to_say_of_our_own_names():
    checked = promtool(everything().render(NOW, mib=False))
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.lab
def test_promtool_reads_mib_names_and_dislikes_only_their_style():
    checked = promtool(everything().render(NOW))
    complaints = {tuple(line.split(" ", 1)) for line in checked.stderr.decode().splitlines()}
    assert checked.returncode == 3  # complaints of style; 1 is a page that cannot be read
    assert {name for name, _ in complaints} == names(everything().render(NOW)) - names(
        everything().render(NOW, mib=False)
    )
    assert {what for _, what in complaints} == {
        "metric names should be written in 'snake_case' not 'camelCase'",
        "label names should be written in 'snake_case' not 'camelCase'",
        'counter metrics should have "_total" suffix',
    }
