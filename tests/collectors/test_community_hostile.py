"""Community files are written by others, and read what devices say: nothing in them stops the agent or runs in it."""

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from agent.metrics_text import block, join
from collectors import convert, snmp_decode, yamlfile
from collectors.model import Rows
from collectors.profiles.community import NotUnderstood, files
from collectors.profiles.community.notes import MAX_ITEMS
from collectors.profiles.reading import Reading
from collectors.profiles.rules import Column
from collectors.yamlfile import KeyPath
from tests.collectors.community_files import CASES, metric, names_of, own, with_files

GOOD = f"sysobjectid: 1.3.6.1.4.1.32473.1\n{metric('good')}"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{n}: &{n} [{', '.join([f'*{before}'] * 9)}]\n" for before, n in zip("abcdefgh", "bcdefghi", strict=True)
)


def notes_of(folder: Path, text: str) -> list[NotUnderstood]:
    """Load a file beside a good one, which must be as good as ever."""
    found = with_files(folder, good=GOOD, bad=text).community
    assert names_of(found.match("1.3.6.1.4.1.32473.1")) == {"good"}
    assert all(note.file == str(folder / "bad.yaml") for note in found.not_understood)
    return list(found.not_understood)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("metrics: [", 1, "not valid YAML: "),
        ("\tmetrics:", 1, "not valid YAML: "),
        (BOMB, 7, "has more than 2000000 values"),
        ("metrics: " + "[" * 100 + "]" * 100, 1, "is nested deeper than 60 levels"),
        ("a: \x07", 1, "has the control character U+0007"),
        ("#" * files.MAX_BYTES + "\n", 0, "is larger than 2 MB"),
        (f"metrics: [{', '.join(['{}'] * (MAX_ITEMS + 1))}]", 0, f"has more than {MAX_ITEMS} metrics and tags"),
    ],
    ids=["open", "tab", "bomb", "deep", "control", "huge", "many"],
)
def test_a_broken_file_is_one_line_and_costs_only_itself(text: str, line: int, what: str, tmp_path: Path) -> None:
    (note,) = notes_of(tmp_path, text)
    assert (note.line, note.why) == (line, "broken")
    assert what in note.what


def test_what_is_no_readable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    found = with_files(tmp_path, good=GOOD).community
    assert list(found.profiles) == ["good"]
    assert {(Path(n.file).stem, n.why) for n in found.not_understood} == {
        (name, "broken") for name in ("folder", "gone", "latin")
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- a\n- b", "form"),
        ("metrics: {a: b}", "form"),
        ("metrics: [a]", "form"),
        ("metrics: [{}]", "form"),
        ("metrics: [{table: {OID: 1.3.1, name: t}}]", "form"),
        ("metrics: [{symbol: {OID: 1.3.1.0}}]", "form"),
        ("metrics: [{symbol: {OID: 1.3.1.0, name: 温度}}]", "form"),
        ("metrics: [{symbol: {OID: 1.3.x, name: a}}]", "no_oid"),
        ("metrics: [{symbol: {OID: 1.3.99999999999, name: a}}]", "no_oid"),
        ("metrics: [{symbol: {OID: 1.3.1.0, name: a, scale_factor: lots}}]", "form"),
        ("metrics: [{symbol: {OID: 1.3.1.0, name: a, scale_factor: 1e999}}]", "form"),
        ("metrics: [{symbol: {OID: 1.3.1.0, name: a, mapping: 1}}]", "form"),
        ("metrics: [{symbol: {OID: 1.3.1.0, name: a, metric_type: [b]}}]", "type"),
        ("metrics: [{symbol: {OID: 1.3.1.0, name: a, format: {b: c}}}]", "octets"),
        ("metrics: [{symbol: {OID: 1.3.1.0, name: a, colour: red}}]", "key"),
        ("metrics: [{symbol: {OID: 1.3.1.0, name: a, script: 'exit(1)'}}]", "code"),
        ("metrics: [{metric_type: flag_stream, symbol: {OID: 1.3.1.0, name: a}}]", "form"),
        ("metrics: [{metric_type: flag_stream, options: {placement: 0}, symbol: {OID: 1.3.1.0, name: a}}]", "form"),
        ("metrics: [{table: {OID: 1.3.1, name: t}, symbols: [{name: a, constant_value_one: true}]}]", "form"),
        ("metric_tags: [{tag: a}]", "form"),
        ("metric_tags: [{tag: a, index: 0}]", "form"),
        ("metric_tags: [{tag: a, index: 1, index_transform: [{start: -1, end: 2}]}]", "form"),
        ("metric_tags: [{symbol: {OID: 1.3.1.0, name: a}, match: '(', tags: {b: $1}}]", "pattern"),
        ("metric_tags: [{symbol: {OID: 1.3.1.0, name: a}, match: '(a)'}]", "form"),
        ("static_tags: [a]", "form"),
        ("extends: {a: b}", "form"),
        ("extends: [nothing.yaml]", "extends"),
        ("selector: [a]", "form"),
        ("metadata: [a]", "form"),
        ("device: {vendor: [1]}", ""),
        ("a: 1\na: 2", "form"),
        ("sysobjectid: '(?=1)'", "pattern"),
    ],
)
def test_what_has_not_the_right_form_is_named(text: str, why: str, tmp_path: Path) -> None:
    notes = notes_of(tmp_path, text)
    assert why in {note.why for note in notes} if why else not notes
    assert all(note.line for note in notes)


SAMPLES = {
    path: yamlfile.scan(path)[0].data for path in sorted(CASES.glob("*/profiles/**/*.y*ml")) if path.stem != "broken"
}
WORDS = (
    "1.3.6.1.2.1.1.5.0",
    "1.3.6.1.2.1.2.2.1.2",
    "(.*)",
    "$1",
    "hex",
    "gauge",
    "flag_stream",
    "percent",
    "true",
    "1.3.*",
)
KEYS = (
    "OID",
    "name",
    "tag",
    "tags",
    "symbol",
    "symbols",
    "column",
    "table",
    "items",
    "include",
    "fields",
    "match",
    "index",
)
GARBAGE = st.recursive(
    st.none() | st.integers() | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
VALUES: st.SearchStrategy[Any] = st.one_of(st.none(), st.integers(), st.floats(), st.binary(max_size=12), st.text())


def places(data: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """Return one of the samples with garbage in a few places."""
    data = copy.deepcopy(SAMPLES[draw(st.sampled_from(sorted(SAMPLES)))]) or {}
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(data))
        if not found:
            return draw(GARBAGE)
        *above, last = draw(st.sampled_from(found))
        inner = data
        for key in above:
            inner = inner[key]
        inner[last] = draw(GARBAGE)
    return data


@settings(max_examples=300)
@given(data=spoilt(), values=st.lists(VALUES, min_size=2))
def test_garbage_never_raises_and_what_it_yields_can_be_shown(
    data: Any, values: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    community = with_files(folder, one=yaml.safe_dump(data, allow_unicode=True)).community
    for each in community.profiles.values():
        community.match("1.3.6.1.4.1.32473.1.1", "an ExRouter")
        plan = snmp_decode.plan(each.profile)
        rows: Rows = {}
        for n, oid in enumerate((*plan.scalars, *(column for table in plan.tables for column in table))):
            column, index = snmp_decode.split(oid) if oid in plan.scalars else (oid, "1.2")
            rows.setdefault(column, {})[index] = values[n % len(values)]
        page = join(
            [block({"device": "a"}, snmp_decode.decode(each.profile, rows).samples, community.meanings)],
            community.meanings,
        )
        assert len(list(text_string_to_metric_families(page))) <= len(community.meanings)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "(.*)*x", "((a?){50}){19}b", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_no_pattern_takes_long_on_what_a_device_says(pattern: str) -> None:
    column = Column(OID="1.3.6.1", reading=Reading(pattern=pattern))
    began = time.process_time()
    convert.extract(column, "a" * convert.MAX_TEXT + "!")
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("pattern", ["(a{1000}){1000}", "(?=a)", r"(a)\1", "[", "x" * 1001])
def test_a_pattern_that_would_take_long_or_is_not_of_re2_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        Reading(pattern=pattern)


@pytest.mark.parametrize(
    ("reading", "value", "taken"),
    [
        (Reading(pattern=r"(\d+) V"), b"230 V", "230"),
        (Reading(pattern=r"(\d+)-(\w)", becomes=r"\2/$1/${2}/$$"), b"12-a", "a/12/a/$"),
        (Reading(pattern=r"x", becomes="$1fixed"), b"xyz", "fixed"),
        (Reading(pattern=r"(a)|b"), b"b", ""),
        (Reading(pattern=r"温度(\d)"), "温度7".encode(), "7"),
        (Reading(pattern=r"q"), b"abc", None),
        (Reading(octets="mac_address"), b"\x00\x1a\x2b\x3c\x4d\x5e", "00:1a:2b:3c:4d:5e"),
        (Reading(octets="ip_address"), b"\xc0\x00\x02\x01", "192.0.2.1"),
        (Reading(octets="ip_address"), b"\x20\x01\x0d\xb8" + b"\x00" * 11 + b"\x01", "2001:db8::1"),
        (Reading(octets="ip_address"), b"\x01\x02\x03", b"\x01\x02\x03"),
        (Reading(octets="ip_address"), "192.0.2.1", "192.0.2.1"),
        (Reading(octets="hex"), b"\x18\xfd", "18fd"),
        (Reading(octets="hex", pattern="^(..)"), b"\x18\xfd", "18"),
        (Reading(octets="big_endian"), b"\x00\x00\x01\x02", 258),
        (Reading(octets="little_endian"), b"\x02\x01\x00\x00", 258),
        (Reading(octets="uint32"), -1, 2**32 - 1),
        (Reading(octets="date_and_time"), bytes.fromhex("07ea0b1c05000000"), 1795842000),
        (Reading(octets="date_and_time"), bytes.fromhex("07ea0b1c0d000000") + b"+\x08\x00", 1795842000),
        (Reading(octets="date_and_time"), bytes.fromhex("07ea0b1c04000000") + b"-\x01\x00", 1795842000),
        (Reading(octets="date_and_time"), bytes.fromhex("0000000000000000"), None),
        (Reading(octets="date_and_time"), b"", None),
    ],
)
def test_a_value_is_taken_as_the_profile_says(reading: Reading, value: bytes, taken: object) -> None:
    assert convert.extract(Column(OID="1.3.6.1", reading=reading), value) == taken


def test_all_that_our_own_profiles_read_is_the_same_with_a_community_beside_them(tmp_path: Path) -> None:
    assert dict(with_files(tmp_path, good=GOOD)) == dict(own())
