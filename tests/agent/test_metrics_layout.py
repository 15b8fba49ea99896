"""A device polled again: what was laid out before is used where it holds, and nowhere else."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import metrics_text
from agent.metrics import Metrics
from agent.metrics_text import block, filled, join, layout, numbers, same_series
from collectors.columns import Grid, Rows, Samples
from collectors.model import Number, Sample, Snapshot
from collectors.vocabulary import VOCABULARY
from tests.agent.metered import NOW, TOP, entry, key, series

PORTS = [{"ifIndex": str(n), "ifName": f"Gi0/{n}"} for n in range(1, 5)]
NAMES = ("ifMtu", "device_up", "ifHCInOctets")


def polled(*samples: Sample) -> Snapshot:
    return Snapshot(device="core-1", taken_at=NOW, up=True, samples=samples)


def devices_part(metrics: Metrics) -> bytes:
    return metrics.render(NOW).partition(b"# HELP netpatrol_")[0]


@st.composite
def polls(draw: st.DrawFn) -> list[Snapshot]:
    """A few polls of a device whose figures and rows come, go, move and repeat."""
    one = st.builds(Sample, st.sampled_from((*NAMES, "not_known")), st.sampled_from(PORTS), st.integers(0, 9))
    return [polled(*draw(st.lists(one, max_size=12))) for _ in range(draw(st.integers(1, 4)))]


@given(polls())
def test_whatever_was_polled_before_the_page_is_that_of_the_last_poll(seen: list[Snapshot]):
    again, once = Metrics(VOCABULARY, version="1"), Metrics(VOCABULARY, version="1")
    for each in seen:
        again.update(entry(), each)
    once.update(entry(), seen[-1])
    assert devices_part(again) == devices_part(once)


def test_a_poll_that_changed_values_only_is_laid_out_no_more():
    metrics = Metrics(VOCABULARY, version="1")
    laid_out = []
    for value in (1, 2):
        metrics.update(entry(), polled(*(Sample("ifMtu", dict(port), value) for port in PORTS)))
        shown = metrics.find("core-1")
        assert shown is not None
        laid_out.append(shown.block.layout)
    assert laid_out[0] is laid_out[1]
    assert set(series(devices_part(metrics)).values()) == {2}


def test_what_is_hidden_may_change_without_laying_out_anew():
    metrics = Metrics(VOCABULARY, version="1", hidden={"device_limit"})
    laid_out = []
    for text in ("a", "b"):
        memory = Sample("device_limit", {"entity": text}, 1)
        remembered = Grid(Rows([{"entity": text}]), {"device_limit": [1]})
        samples = Samples((Sample("device_up", {}, 1), memory), (FIRST, remembered))
        metrics.update(entry(), replace(polled(), samples=samples))
        shown = metrics.find("core-1")
        assert shown is not None
        laid_out.append(shown.block.layout)
    assert laid_out[0] is laid_out[1]
    assert b"device_limit" not in metrics.render(NOW)


def test_a_device_that_moved_to_another_site_is_labelled_anew():
    metrics = Metrics(VOCABULARY, version="1")
    metrics.update(entry(), polled(Sample("device_up", {}, 1)))
    metrics.update(entry(site=None), polled(Sample("device_up", {}, 1)))
    assert list(series(devices_part(metrics))) == [key("device_up", TOP | {"site": "", "customer": ""})]


def test_unknown_names_are_counted_in_each_poll():
    metrics = Metrics(VOCABULARY, version="1")
    for _ in range(3):
        metrics.update(entry(), polled(Sample("not_known", {}, 1), Sample("nor_this", {}, 1)))
    assert b"netpatrol_samples_unknown_total 6.0" in metrics.render(NOW)


A, B = Sample("ifMtu", PORTS[0], 1), Sample("ifMtu", PORTS[1], 1)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ((A, B), True),
        ((Sample("ifMtu", dict(PORTS[0]), 7), B), True),
        ((B, A), False),
        ((A,), False),
        ((A, B, B), False),
        ((Sample("device_up", PORTS[0], 1), B), False),
        ((Sample("ifMtu", PORTS[0] | {"ifAlias": "x"}, 1), B), False),
    ],
    ids=["identical", "equal, other value", "order", "one less", "one more", "name", "label"],
)
def test_series_are_the_same_when_names_and_labels_are_in_the_same_order(other: Sequence[Sample], same: bool):
    assert same_series(Samples((A, B)), Samples(other)) is same


ROWS = Rows(PORTS)
FIRST = Grid(ROWS, {"ifMtu": [1, 2, 3, 4], "ifHCInOctets": [5, 6, 7, 8]})


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ((FIRST,), True),
        ((Grid(ROWS, {"ifMtu": [9, 9, 9, 9], "ifHCInOctets": [9, 9, 9, 9]}),), True),
        ((Grid(Rows(map(dict, PORTS)), FIRST.columns),), True),
        ((Grid(Rows(PORTS[::-1]), FIRST.columns),), False),
        ((Grid(ROWS, {"ifHCInOctets": [5, 6, 7, 8], "ifMtu": [1, 2, 3, 4]}),), False),
        ((Grid(ROWS, {"ifMtu": [1, 2, 3, 4]}),), False),
        ((FIRST, FIRST), False),
        ((), False),
    ],
    ids=["identical", "values", "equal rows", "order of rows", "order of columns", "a column less", "one more", "none"],
)
def test_grids_are_the_same_when_rows_and_columns_are(other: Sequence[Grid], same: bool):
    assert same_series(Samples((), (FIRST,)), Samples((), other)) is same


def test_samples_in_grids_show_as_single_ones_do():
    added = ROWS.with_labels(("entity",), (3, 0), (("x",), ("y",)))
    samples = Samples((A, Sample("device_up", {}, 1)), (FIRST, Grid(added, {"device_cpu_ratio": [0.5, 0.25]})))
    both = [Metrics(VOCABULARY, version="1") for _ in range(2)]
    both[0].update(entry(), replace(polled(), samples=samples))
    both[1].update(entry(), polled(*samples))
    assert devices_part(both[0]) == devices_part(both[1])
    assert len(series(devices_part(both[0]))) == 4 + 4 + 2 + 1  # ifMtu of the first port comes twice


def test_a_grid_polled_again_shows_its_new_figures():
    metrics = Metrics(VOCABULARY, version="1")
    for values in ([1, 2, 3, 4], [5, 6, 7, 8]):
        metrics.update(entry(), replace(polled(), samples=Samples((), (Grid(ROWS, {"ifMtu": values}),))))
    assert sorted(series(devices_part(metrics)).values()) == [5, 6, 7, 8]
    shown = metrics.find("core-1")
    assert shown is not None
    assert shown.block.values == b"5\n6\n7\n8"


@given(st.lists(st.one_of(st.integers(), st.floats(), st.booleans(), st.sampled_from([10**400, -(10**5000)]))))
def test_many_values_are_written_as_each_by_itself(values: list[Number]):
    assert numbers(values).decode().split("\n") == ([metrics_text.number(value) for value in values] or [""])


def test_rows_that_do_not_follow_each_other_are_found():
    samples = [Sample("device_up", PORTS[n], n) for n in (0, 1, 2, 3)] + [Sample("ifMtu", PORTS[n], n) for n in (3, 0)]
    page = join([block({}, samples, VOCABULARY)] * 2, VOCABULARY)
    lines = [line for line in page.splitlines() if line.startswith("ifMtu")]
    assert lines == ['ifMtu{ifIndex="4",ifName="Gi0/4"} 3', 'ifMtu{ifIndex="1",ifName="Gi0/1"} 0'] * 2


@pytest.mark.parametrize(("batch", "chunk"), [(1, 1), (3, 2), (10**6, 10**6)])
def test_a_page_is_the_same_however_it_is_cut(batch: int, chunk: int, monkeypatch: pytest.MonkeyPatch):
    kinds = (NAMES, NAMES[:2], NAMES[1:])
    devices = [
        block({"device": f"d{n}"}, [Sample(name, port, n) for name in kinds[n % 3] for port in PORTS], VOCABULARY)
        for n in range(7)
    ]
    whole = join(devices, VOCABULARY)
    monkeypatch.setattr(metrics_text, "BATCH", batch)
    monkeypatch.setattr(metrics_text, "CHUNK", chunk)
    assert join(devices, VOCABULARY) == whole
    assert len(series(whole.encode())) == 4 * (3 + 2 + 2 + 3 + 2 + 2 + 3)


def test_a_device_with_very_many_series_keeps_their_order():
    samples = [Sample("ifMtu", {"ifIndex": str(n)}, n) for n in range(70_000)]
    page = join([block({}, samples, VOCABULARY)], VOCABULARY)
    shown = re.findall(r'^ifMtu\{ifIndex="(\d+)"[^}]*\} (\S+)$', page, re.MULTILINE)
    assert [(int(index), float(value)) for index, value in shown] == [(n, n) for n in range(70_000)]


def test_a_thousand_series_take_less_than_25_kb():
    names = [name for name, meaning in VOCABULARY.items() if "ifIndex" in meaning.labels][:20]
    ports = [
        {
            "ifIndex": str(n),
            "ifName": f"GE0/0/{n}",
            "ifDescr": f"GigabitEthernet0/0/{n}",
            "ifAlias": f"to-desk-{n * 7919}",
        }
        for n in range(50)
    ]
    samples = [Sample(name, port, hash((name, n)) % 10**13) for name in names for n, port in enumerate(ports)]
    laid_out = layout(TOP, samples, VOCABULARY)
    arrays = (laid_out.order, laid_out.counts, laid_out.starts)
    size = len(laid_out.packed) + sum(len(each.tobytes()) for each in arrays) + 8 * len(laid_out.names)
    assert len(laid_out.order) == 1000
    assert size + len(filled(laid_out, Samples(samples)).values) < 25_000
