"""Parts of the page, other forms of it, and what others add to it."""

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from agent.derive import DERIVED
from agent.metrics import Metrics, Selection
from agent.metrics_labels import outside
from agent.metrics_text import Block, block, join
from agent.model import Customer, Severity, Site, Text
from agent.shown import Shown
from collectors.model import Sample, Snapshot
from collectors.vocabulary import VOCABULARY, Meaning
from tests.agent.metered import NOW, SITE, TOP, Series, entry, finding, key, series, snapshot, ticket

MEANINGS = VOCABULARY | DERIVED
BRANCH = Site(name="branch", title=Text("分部", "Branch"), customer=Customer(name="zen", title=Text("禅", "Zen")))
EVERYTHING = Selection()


def everything() -> Metrics:
    """Every name there is, of two devices at two sites."""
    metrics = Metrics(MEANINGS, version="1")
    for name, site in (("core-1", SITE), ("edge-1", BRANCH)):
        samples = [Sample(s, dict.fromkeys(m.labels, '"\n\\'), 1.5) for s, m in MEANINGS.items()]
        metrics.update(entry(name, site=site), Snapshot(device=name, taken_at=NOW, up=True, samples=tuple(samples)))
        metrics.health.polled(snapshot(name))
    metrics.settle([finding("core-1", Severity.WARNING)], [ticket("edge-1", Severity.WARNING)])
    return metrics


def page(metrics: Metrics, selection: Selection = EVERYTHING, *, openmetrics: bool = False) -> str:
    return b"".join(metrics.pages(NOW, selection, openmetrics=openmetrics)).decode()


# ---- OpenMetrics ----


def test_openmetrics_has_the_same_series_as_text():
    metrics = everything()
    text, strict = page(metrics), page(metrics, openmetrics=True)
    assert strict.endswith("\n# EOF\n")
    ours = {line for line in text.splitlines() if line.startswith(("device_", "if", "ups_", "bgp", "ospf"))}
    assert ours
    assert ours <= set(strict.splitlines())


def test_openmetrics_is_read_by_its_own_strict_parser():
    families = list(read_openmetrics(page(everything(), openmetrics=True)))
    shown = {sample.name for family in families for sample in family.samples}
    assert shown >= MEANINGS.keys()
    assert len({family.name for family in families}) == len(families)


def test_counters_of_a_mib_keep_their_name_in_openmetrics():
    kinds = {family.name: family.type for family in read_openmetrics(page(everything(), openmetrics=True))}
    assert kinds["ifHCInOctets"] == "unknown"
    assert kinds["device_events"] == "counter"  # its samples are device_events_total
    assert kinds["device_cpu_ratio"] == "gauge"
    assert {family.name: family.type for family in read_text(page(everything()))}["ifHCInOctets"] == "counter"


def test_help_is_escaped_as_openmetrics_wants_it():
    meaning = Meaning("gauge", 'one\\two\nthree "four"')
    metrics = Metrics({"device_up": meaning}, version="1")
    metrics.update(entry(), snapshot())
    assert '# HELP device_up one\\\\two\\nthree \\"four\\"\n' in page(metrics, openmetrics=True)
    assert '# HELP device_up one\\\\two\\nthree "four"\n' in page(metrics)


@pytest.mark.parametrize("selection", [Selection(devices=False), Selection(only={"site": frozenset({"none"})})])
def test_openmetrics_ends_even_where_there_is_little(selection: Selection):
    strict = page(everything(), selection, openmetrics=True)
    assert strict.count("# EOF") == 1
    assert list(read_openmetrics(strict)) is not None


# ---- parts of the page ----


@pytest.mark.parametrize(
    ("only", "devices"),
    [
        ({"site": {"acme-hq"}}, {"core-1"}),
        ({"customer": {"zen"}}, {"edge-1"}),
        ({"site": {"acme-hq", "branch"}}, {"core-1", "edge-1"}),
        ({"site": {"acme-hq"}, "customer": {"zen"}}, set()),
        ({"device_class": {"router"}}, set()),
        ({"device_class": {"switch"}}, {"core-1", "edge-1"}),
    ],
)
def test_a_part_has_the_figures_of_its_devices_and_nothing_else(only: Mapping[str, set[str]], devices: set[str]):
    selection = Selection(only={label: frozenset(values) for label, values in only.items()})
    found = series(page(everything(), selection).encode())
    assert {dict(labels).get("device") for _, labels in found} == devices
    assert {name for name, _ in found} >= {"device_findings_open"} or "core-1" not in devices


def test_the_parts_together_are_the_page():
    metrics = everything()
    parts = [
        series(page(metrics, Selection(only={"site": frozenset({site})})).encode()) for site in ("acme-hq", "branch")
    ]
    own = series(page(metrics, Selection(devices=False)).encode())
    assert not any("device" in dict(labels) for _, labels in own)
    assert {*parts[0], *parts[1], *own} == set(series(page(metrics).encode()))


# ---- one device ----


def probed(metrics: Metrics, device: str, now=NOW, **more) -> dict:
    return series(b"".join(metrics.probe(device, now, seconds=0.25, **more)))


def test_a_probe_has_one_device_and_how_it_went():
    found = probed(everything(), "core-1")
    assert found.pop(key("probe_success", {})) == 1
    assert found.pop(key("probe_duration_seconds", {})) == 0.25
    assert {dict(labels)["device"] for _, labels in found} == {"core-1"}
    assert found[key("device_findings_open", TOP | {"severity": "warning"})] == 1


@pytest.mark.parametrize("why", ["never polled", "too late", "down", "stale"])
def test_a_probe_without_fresh_figures_does_not_succeed(why: str):
    metrics = Metrics(VOCABULARY, version="1")
    if why != "never polled":
        metrics.update(entry(), snapshot(up=why != "down"))
    found = probed(metrics, "core-1", NOW + 100 * entry().interval if why == "stale" else NOW, timely=why != "too late")
    assert found[key("probe_success", {})] == 0
    assert found.get(key("device_up", TOP)) == (0 if why in ("down", "stale") else None)
    assert (key("device_cpu_ratio", TOP | {"entity": "CPU"}) in found) is (why == "down")


def test_a_probe_in_openmetrics_ends():
    strict = b"".join(everything().probe("core-1", NOW, seconds=1.0, openmetrics=True)).decode()
    assert strict.endswith("# EOF\n")
    assert {family.name for family in read_openmetrics(strict)} >= {"probe_success", "device_up"}


# ---- what others add ----


def test_further_samples_get_the_labels_of_their_device():
    metrics = Metrics(VOCABULARY | {"contract_breaches": Meaning("gauge", "Breaches", ("level",))}, version="1")
    metrics.update(entry(), snapshot())
    metrics.further("contract", [Sample("contract_breaches", {"device": "core-1", "level": "1"}, 2)])
    metrics.further("coverage", [Sample("contract_breaches", {"level": "2"}, 3)])
    found = series(page(metrics).encode())
    assert found[key("contract_breaches", TOP | {"level": "1"})] == 2
    assert found[key("contract_breaches", {"level": "2"})] == 3


def test_further_samples_take_the_place_of_the_same_sources_only():
    metrics = Metrics(MEANINGS, version="1")
    metrics.further("a", [Sample("device_up", {"device": "x"}, 1)])
    metrics.further("b", [Sample("device_up", {"device": "y"}, 1)])
    metrics.further("a", [Sample("device_up", {"device": "z"}, 1)])
    found = series(page(metrics).encode())
    assert {dict(labels)["device"] for name, labels in found if name == "device_up"} == {"y", "z"}


def rows(blocks: Iterable[Block]) -> Series:
    """Return the series of blocks, as of a page."""
    return {
        key(name, outside(row)): float(value)
        for each in blocks
        for (name, row), value in zip(each.layout.series(), each.values.split(b"\n"), strict=True)
    }


def test_each_snapshot_is_told_of_once_with_the_series_that_show():
    metrics = Metrics(VOCABULARY, version="1")
    told: list[Shown] = []
    metrics.tell(told.append)
    twice = (Sample("device_up", {}, 1), Sample("device_up", {}, 0), Sample("not_known", {}, 1))
    metrics.update(entry(), Snapshot(device="core-1", taken_at=NOW, up=True, samples=twice))
    (shown,) = told
    assert rows([shown.block]) == {key("device_up", TOP): 1}
    assert (shown.top, shown.taken_at) == (TOP, NOW)


def test_what_belongs_to_no_poll_is_the_agents_own():
    metrics = everything()
    later = NOW + 100 * entry().interval
    own = rows(metrics.own(later))
    assert own[key("device_findings_open", TOP | {"severity": "warning"})] == 1
    assert own[key("netpatrol_findings_open", {"severity": "critical"})] == 0
    assert own[key("netpatrol_devices", {"state": "stale"})] == 2
    assert own[key("netpatrol_polls_total", {"result": "ok"})] == 2
    assert not any(name.endswith("_created") for name, _ in own)


def test_of_a_device_gone_stale_it_stands_that_it_is_not_up():
    metrics = everything()
    stale = metrics.stale(NOW + 100 * entry().interval)
    assert stale.keys() == {"core-1", "edge-1"}
    assert rows([stale["core-1"]]) == {key("device_up", TOP): 0, key("device_stale", TOP): 1}
    assert metrics.stale(NOW) == {}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("ifMtu", "device_up")),
            st.dictionaries(st.sampled_from(("ifName", "a")), st.text(max_size=3), max_size=2),
        ),
        max_size=6,
    )
)
def test_the_series_of_a_layout_are_those_of_its_page(told: list[tuple[str, dict[str, str]]]):
    made = block(TOP, [Sample(name, labels, at) for at, (name, labels) in enumerate(told)], VOCABULARY)
    assert rows([made] if told else []) == series(join([made], VOCABULARY).encode())
