"""What each path answers."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from agent.exposition.message import Answer, Request
from agent.exposition.probing import Busy
from agent.exposition.routes import HUNG, PAGES, Exposition
from agent.metrics import Metrics
from agent.metrics_health import Pulse
from agent.model import Entry
from collectors.vocabulary import VOCABULARY
from tests.agent.metered import NOW, TOP, entry, key, series, snapshot

ENTRIES = {
    "core-1": replace(entry(), tags=("a", "b"), criticality="core"),
    "ups-1": entry("ups-1", site=None, interval=300),
}
LATER = timedelta(seconds=90)  # an interval and a half: a poll is overdue
OPENMETRICS = {"accept": "application/openmetrics-text"}


class Asked:
    """A prober that polls at once, or does not."""

    def __init__(self, metrics: Metrics, outcome: bool | type[Exception] = True) -> None:
        self.metrics, self.outcome, self.calls = metrics, outcome, list[tuple[str, float]]()
        self.now = NOW

    def ask(self, device: str, seconds: float) -> bool:
        self.calls.append((device, seconds))
        if isinstance(self.outcome, type):
            raise self.outcome
        if self.outcome:
            self.metrics.update(ENTRIES[device], replace(snapshot(device), taken_at=self.now))
        return self.outcome


def here(polled: bool = True, prober: Asked | None = None, now: datetime = NOW, entries=ENTRIES) -> Exposition:
    metrics = prober.metrics if prober else Metrics(VOCABULARY, version="1")
    if polled:
        metrics.update(ENTRIES["core-1"], replace(snapshot(), profile="huawei_vrp"))
    if prober:
        prober.now = now
    clock = iter([10.0, 12.5]).__next__
    return Exposition(metrics=metrics, now=lambda: now, targets=lambda: entries, prober=prober, clock=clock)  # type: ignore[arg-type]


def ask(exposition: Exposition, path: str, headers: Mapping[str, str] | None = None, **query: list[str]) -> Answer:
    return exposition.answer(Request(path=path, query=query, headers=headers or {}))


def text(answer: Answer) -> str:
    return b"".join(answer.body).decode()


# ---- /metrics ----


@pytest.mark.parametrize(
    ("query", "core", "own"),
    [
        ({}, True, True),
        ({"site": ["acme-hq"]}, True, False),
        ({"site": ["x", "acme-hq"], "class": ["switch"]}, True, False),
        ({"customer": ["other"]}, False, False),
        ({"class": ["ups"]}, False, False),
        ({"exclude[]": ["devices"]}, False, True),
        ({"site": [""]}, False, False),
    ],
)
def test_a_page_has_the_parts_that_were_asked_for(query: dict[str, list[str]], core: bool, own: bool):
    page = text(ask(here(), "/metrics", **query))
    assert ('device_up{device="core-1"' in page) is core
    assert ("netpatrol_polls_total" in page) is own


def test_a_page_says_its_format():
    assert ask(here(), "/metrics").content_type == "text/plain; version=0.0.4; charset=utf-8"
    strict = ask(here(), "/metrics", OPENMETRICS)
    assert strict.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert {family.name for family in read_openmetrics(text(strict))} >= {"device_up", "netpatrol_polls"}
    assert strict.headers["Vary"] == "Accept, Accept-Encoding"


def test_no_more_pages_are_written_at_once_than_may_be():
    exposition = here()
    answers = [ask(exposition, "/metrics", {"x-prometheus-scrape-timeout-seconds": "0.01"}) for _ in range(PAGES + 1)]
    assert [answer.status for answer in answers] == [200] * PAGES + [503]
    assert answers[-1].headers["Retry-After"]
    answers[0].done()
    assert ask(exposition, "/metrics").status == 200


# ---- /probe ----


@pytest.mark.parametrize("age", [0, 59, 62, 89], ids=["new", "newest", "the next poll is under way", "that takes long"])
def test_a_probe_shows_what_is_fresh_and_polls_nothing(age: float):
    metrics = Metrics(VOCABULARY, version="1")
    prober = Asked(metrics)
    answer = ask(here(prober=prober, now=NOW + timedelta(seconds=age)), "/probe", target=["core-1"])
    found = series(b"".join(answer.body))
    assert found[key("device_up", TOP)] == found[key("probe_success", {})] == 1
    assert not prober.calls


@pytest.mark.parametrize(("age", "polls"), [(299, 0), (301, 1)], ids=["not stale", "stale"])
def test_a_probe_of_a_silent_device_shows_that_until_it_is_stale(age: float, polls: int):
    prober = Asked(Metrics(VOCABULARY, version="1"))
    prober.metrics.update(entry(), snapshot(up=False))
    exposition = here(False, prober, NOW + timedelta(seconds=age))
    found = series(b"".join(ask(exposition, "/probe", target=["core-1"]).body))
    assert len(prober.calls) == polls
    assert found[key("device_up", TOP)] == found[key("probe_success", {})] == polls  # it answers who asks


@pytest.mark.parametrize("polled", [True, False], ids=["old", "never polled"])
@pytest.mark.parametrize("seconds", [90, -3600], ids=["later", "by a clock set back"])
def test_a_probe_polls_what_is_not_fresh(polled: bool, seconds: float):
    prober = Asked(Metrics(VOCABULARY, version="1"))
    exposition = here(polled, prober, NOW + timedelta(seconds=seconds))
    answer = ask(
        exposition, "/probe", {"x-prometheus-scrape-timeout-seconds": "8"}, target=["core-1"], module=["if_mib"]
    )
    found = series(b"".join(answer.body))
    assert prober.calls == [("core-1", 7.5)]
    assert found[key("probe_success", {})] == 1
    assert found[key("probe_duration_seconds", {})] == 2.5


def test_a_probe_that_is_too_slow_shows_no_old_figures():
    prober = Asked(Metrics(VOCABULARY, version="1"), outcome=False)
    found = series(b"".join(ask(here(True, prober, NOW + LATER), "/probe", target=["core-1"]).body))
    assert found == {key("probe_success", {}): 0, key("probe_duration_seconds", {}): 2.5}


def test_a_probe_whose_poll_brought_nothing_shows_no_old_figures():
    prober = Asked(Metrics(VOCABULARY, version="1"))
    prober.ask = lambda device, seconds: True  # type: ignore[method-assign]
    found = series(b"".join(ask(here(True, prober, NOW + LATER), "/probe", target=["core-1"]).body))
    assert found == {key("probe_success", {}): 0, key("probe_duration_seconds", {}): 2.5}


def test_a_probe_without_a_prober_shows_the_latest_poll():
    found = series(b"".join(ask(here(now=NOW + timedelta(seconds=200)), "/probe", target=["core-1"]).body))
    assert found[key("probe_success", {})] == 1


def test_too_many_probes_are_told_to_come_again():
    prober = Asked(Metrics(VOCABULARY, version="1"), outcome=Busy)
    answer = ask(here(False, prober), "/probe", target=["core-1"])
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert text(answer) == "as many devices are polled on demand as may be at once: try again\n"
    refused = prober.metrics.health.registry.get_sample_value("netpatrol_requests_refused_total", {"path": "/probe"})
    assert refused == 1


@pytest.mark.parametrize("target", ["192.0.2.1", "core-2", "core-1 ", "CORE-1", "../core-1", "\x1b[31m", "x" * 10_000])
def test_a_target_that_is_no_name_of_the_inventory_is_not_polled(target: str):
    prober = Asked(Metrics(VOCABULARY, version="1"))
    answer = ask(here(prober=prober), "/probe", target=[target])
    line = text(answer)
    assert answer.status == 404
    assert line.startswith("no device is called '")
    assert line.endswith("': target is a name of the inventory, not an address\n")
    assert "\x1b" not in line
    assert len(line) < 250
    assert not prober.calls


@pytest.mark.parametrize("query", [{}, {"target": [""]}])
def test_a_probe_names_its_target(query: dict[str, list[str]]):
    answer = ask(here(), "/probe", **query)
    assert (answer.status, text(answer)) == (
        400,
        "target is missing (right form: /probe?target=NAME, as in the inventory)\n",
    )


# ---- /sd ----


def groups(exposition: Exposition, **query: list[str]) -> list[dict]:
    answer = ask(exposition, "/sd", **query)
    assert answer.content_type == "application/json"
    return json.loads(text(answer))


def test_each_device_is_a_target_with_what_the_inventory_says_of_it():
    core, ups = groups(here())
    assert core == {
        "targets": ["core-1"],
        "labels": {
            "__meta_netpatrol_device": "core-1",
            "__meta_netpatrol_class": "switch",
            "__meta_netpatrol_profile": "huawei_vrp",
            "__meta_netpatrol_site": "acme-hq",
            "__meta_netpatrol_site_title_zh": "总部",
            "__meta_netpatrol_site_title_en": "HQ",
            "__meta_netpatrol_customer": "acme",
            "__meta_netpatrol_criticality": "core",
            "__meta_netpatrol_tags": ",a,b,",
            "__meta_netpatrol_interval": "60s",
        },
    }
    assert ups["labels"]["__meta_netpatrol_site"] == ups["labels"]["__meta_netpatrol_profile"] == ""


def test_an_interval_is_written_as_prometheus_reads_it():
    entries = {"a": replace(entry("a"), interval=timedelta(seconds=1.5)), "b": entry("b", interval=3600)}
    intervals = [group["labels"]["__meta_netpatrol_interval"] for group in groups(here(entries=entries))]
    assert intervals == ["1500ms", "3600s"]


def test_no_address_shows_among_the_targets():
    assert "192.0.2.1" not in json.dumps(groups(here()))


def test_targets_of_one_site_can_be_asked_for():
    assert [group["targets"] for group in groups(here(), site=["acme-hq"])] == [["core-1"]]


def test_all_values_of_labels_are_texts():
    for group in groups(here()):
        assert all(isinstance(value, str) for value in group["labels"].values())


# ---- the rest ----


def test_a_loop_that_hangs_is_not_healthy():
    exposition, now = here(), [0.0]
    exposition.metrics.health.pulse = Pulse(lambda: now[0])
    assert ask(exposition, "/-/healthy").status == 200
    exposition.metrics.health.pulse.beat()
    now[0] = HUNG + 5
    answer = ask(exposition, "/-/healthy")
    assert (answer.status, text(answer)) == (503, "netpatrol hangs: its loop is 64 s late\n")


@pytest.mark.parametrize(
    ("polled", "entries", "status"), [(True, ENTRIES, 200), (False, ENTRIES, 503), (False, {}, 200)]
)
def test_the_agent_is_ready_when_something_was_polled(polled: bool, entries: Mapping[str, Entry], status: int):
    assert ask(here(polled, entries=entries), "/-/ready").status == status


def test_the_index_links_to_all_that_is_here():
    page = text(ask(here(), "/"))
    assert "设备 2 台 · 2 devices" in page
    for path in ("/metrics", "/probe", "/sd", "/-/healthy", "/-/ready"):
        assert f'href=".{path}' in page  # relative: a proxy may serve us below a path of its own
    assert "<script" not in page


def test_anything_else_says_what_there_is():
    answer = ask(here(), "/nothing")
    assert answer.status == 404
    assert text(answer) == "not found: /, /metrics, /probe, /sd, /-/healthy, /-/ready are here\n"
