"""Profiles of Datadog, Netdata and Kentik, in samples of our own making: what they yield, and what is named as lost.

`tests/data/community/<dialect>/`: `profiles/`, what a device answers (`walk.snmprec`), and `expected.yaml`: the facts,
the samples, the types of their metrics, and what is not understood.
"""

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from collectors import convert, replay, snmp_decode, yamlfile
from collectors.choice import choose
from collectors.model import Device, DeviceClass
from collectors.profiles import ProfileSet
from collectors.profiles.community import Community
from collectors.snmp_collector import Identity
from collectors.snmp_repeat import Decoder
from tests.collectors import test_snmp_repeat
from tests.collectors.community_files import CASES, metric, names_of, own, with_files
from tests.collectors.played_cases import Yield, lines, play_walk

DIALECTS = ("datadog", "netdata", "kentik")
SYSTEM = "1.3.6.1.2.1.1"


@cache
def case_of(dialect: str) -> ProfileSet:
    return own().with_community([CASES / dialect / "profiles"])


def said_by(dialect: str) -> tuple[str, str]:
    values = replay.read_walk(CASES / dialect / "walk.snmprec").values
    return convert.text(values[f"{SYSTEM}.2.0"]), convert.text(values[f"{SYSTEM}.1.0"])


async def decoded(dialect: str) -> Yield:
    profile = case_of(dialect).community.match(*said_by(dialect))
    assert profile is not None
    return await play_walk(profile, CASES / dialect / "walk.snmprec")


def types(community: Community) -> Iterator[str]:
    return (f"{name} {meaning.type} {meaning.help}" for name, meaning in sorted(community.meanings.items()))


def not_understood(community: Community, dialect: str) -> Iterator[str]:
    folder = f"{CASES / dialect / 'profiles'}/"
    for note in community.not_understood:
        yield f"{note.file.removeprefix(folder)}:{note.line}: {note.key}: {note.why}: {note.what.removeprefix(folder)}"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_dialect_yields_what_is_expected_and_names_what_it_does_not(dialect: str) -> None:
    expected = yamlfile.read(CASES / dialect / "expected.yaml").data
    got = await decoded(dialect)
    assert lines(got.samples) == expected["samples"].splitlines()
    assert (got.facts, got.problems) == (expected["facts"], ())
    assert list(types(case_of(dialect).community)) == expected["types"].splitlines()
    assert list(not_understood(case_of(dialect).community, dialect)) == expected["not_understood"].splitlines()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_device_yields_its_own_profiles_samples_too_and_each_once(dialect: str) -> None:
    both = case_of(dialect).completed(own()["generic"], *said_by(dialect))
    got = (await play_walk(both, CASES / dialect / "walk.snmprec")).samples
    alone = (await play_walk(own()["generic"], CASES / dialect / "walk.snmprec")).samples
    theirs = (await decoded(dialect)).samples
    assert {s.series for s in got} == {s.series for s in (*alone, *theirs)}
    assert len({s.series for s in got}) == len(got)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_next_reading_of_a_device_is_decoded_as_if_it_were_the_first(dialect: str) -> None:
    profile = case_of(dialect).completed(own()["generic"], *said_by(dialect))
    rows = await test_snmp_repeat.read(CASES / dialect / "walk.snmprec", profile)
    chance, decoder = random.Random(dialect), Decoder(profile)  # noqa: S311
    for share in (0.0, 0.0, 0.1, 0.5, 0.0):
        now = test_snmp_repeat.changed(rows, chance, share)
        assert test_snmp_repeat.said(decoder.decode(now)) == test_snmp_repeat.said(snmp_decode.decode(profile, now))


@pytest.mark.parametrize(
    ("oid", "descr", "name"),
    [
        ("1.3.6.1.4.1.32473.1.5", "", "exact"),
        (".1.3.6.1.4.1.32473.1.5", "", "exact"),
        ("1.3.6.1.4.1.32473.1.7", "", "longer"),
        ("1.3.6.1.4.1.32473.2.1.9", "", "middle"),
        ("1.3.6.1.4.1.32473.9", "an OTHER thing", "selected"),
        ("1.3.6.1.4.1.32473.9", "a thing", "shorter"),
        ("1.3.6.1.4.1.32473", "", None),
        ("1.3.6.1.4.1.3247", "", None),
        ("", "", None),
    ],
)
def test_the_most_exact_profile_is_a_devices(oid: str, descr: str, name: str | None, tmp_path: Path) -> None:
    base = "1.3.6.1.4.1.32473"
    found = with_files(
        tmp_path,
        exact=f"sysobjectid: [{base}.1.5]",
        longer=f"sysobjectid: {base}.1.*",
        middle=f"sysobjectid: ['{base}.*.1.9']",
        shorter=f"sysobjectid: ['{base}.*']",
        selected=f"selector: [{{sysobjectid: {{include: ['{base}.[0-9]+']}}, sysdescr: {{include: [other]}}}}]",
        _part=f"sysobjectid: []\n{metric('x')}",
    ).community.match(oid, descr)
    assert (found.name if found else None) == name


def test_a_selector_with_a_condition_that_cannot_be_used_selects_nothing(tmp_path: Path) -> None:
    rule = "selector: [{sysobjectid: {include: ['1.3.*'], exclude: ['(?=1)']}}, {sysdescr: {exclude: [x]}}]"
    community = with_files(tmp_path, one=rule).community
    assert community.match("1.3.6") is None
    assert [note.why for note in community.not_understood] == ["pattern"]


def test_words_of_sysdescr_may_name_another_file(tmp_path: Path) -> None:
    rules = "sysobjectid: 1.3.*\nmatches: {^pfsense: fw.yml, 'root@': gone.yml, '(?=x)': fw.yml}"
    community = with_files(tmp_path, agent=rules, fw=metric("states")).community
    found = {descr: community.match("1.3.6", descr) for descr in ("pfSense 2.7", "root@x", "Linux pfsense")}
    assert {descr: profile and profile.name for descr, profile in found.items()} == {
        "pfSense 2.7": "fw",
        "root@x": "agent",
        "Linux pfsense": "agent",
    }
    assert [(note.key, note.why) for note in community.not_understood] == [
        ("matches.(?=x)", "pattern"),
        ("matches.root@", "extends"),
    ]


def test_the_inventory_can_name_a_community_profile_and_the_devices_own_is_read_too(tmp_path: Path) -> None:
    found = with_files(tmp_path, fits=f"sysobjectid: 1.3.*\n{metric('fits_me')}", wanted=metric("i_was_named", 2))
    device = Device(name="a", address="192.0.2.1", device_class=DeviceClass.SWITCH, profile="wanted")
    choice = choose(device, Identity("1.3.6.1.4.1.14988.1", "", None, 0.0), found, None)
    assert (choice.name, choice.failure) == ("mikrotik_routeros", None)
    assert names_of(choice.profile) & {"fits_me", "i_was_named", "ifHCInOctets"} == {"i_was_named", "ifHCInOctets"}


def test_a_device_that_does_not_answer_is_not_asked_for_more(tmp_path: Path) -> None:
    found = with_files(tmp_path, fits=f"sysobjectid: ''\nselector: [{{sysdescr: {{include: [a]}}}}]\n{metric('x')}")
    device = Device(name="a", address="192.0.2.1", device_class=DeviceClass.SWITCH)
    assert "x" not in names_of(choose(device, None, found, "huawei_vrp").profile)


def test_a_file_with_a_name_of_ours_is_recognised_and_cannot_be_named(tmp_path: Path) -> None:
    found = with_files(tmp_path, generic=f"sysobjectid: 1.3.6.1.4.1.32473.*\n{metric('x')}", _part="", theirs="")
    assert "x" in names_of(found.completed(found["generic"], "1.3.6.1.4.1.32473.1", "", "generic"))
    assert found["generic"].metrics == own()["generic"].metrics
    assert set(found.names) - set(own()) == {"theirs"}
    assert [note.why for note in found.community.not_understood] == ["own_name"]


def test_the_first_folder_of_the_list_has_the_say(tmp_path: Path) -> None:
    for folder, name in (("a", "mine"), ("b", "yours")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.yml").write_text(metric(name), encoding="utf-8")
    community = own().with_community([tmp_path / "b", tmp_path / "a"]).community
    assert list(community.meanings) == ["yours"]
    assert [(n.file, n.why, n.what) for n in community.not_understood] == [
        (str(tmp_path / "a" / "one.yml"), "clash", str(tmp_path / "b" / "one.yml"))
    ]


def test_extending_in_a_ring_reads_each_file_once(tmp_path: Path) -> None:
    found = with_files(
        tmp_path, a=f"extends: [b.yaml, a]\n{metric('of_a')}", b=f"extends: [a.yaml]\n{metric('of_b', 2)}"
    ).community
    assert names_of(found.profiles["a"].profile) == names_of(found.profiles["b"].profile) == {"of_a", "of_b"}
    assert found.not_understood == ()


def test_a_name_of_two_types_has_none(tmp_path: Path) -> None:
    of = "metrics: [{{metric_type: {}, symbol: {{OID: 1.3.6.1.4.1.1.1.0, name: x}}}}]"
    assert with_files(tmp_path, a=of.format("gauge"), b=of.format("rate")).community.meanings["x"].type == "untyped"


@pytest.mark.parametrize(
    ("given", "exported"),
    [
        ("cpu.usage", "cpu_usage"),
        ("5minRate", "_5minRate"),
        ("温度1", "__1"),
        ("memory_state", "memory_state"),
        ("device_up", "snmp_device_up"),
        ("ups_battery_charge_ratio", "snmp_ups_battery_charge_ratio"),
        ("netpatrol_polls_total", "snmp_netpatrol_polls_total"),
        ("process_cpu_seconds_total", "snmp_process_cpu_seconds_total"),
        ("ifHCInOctets", "snmp_ifHCInOctets"),
    ],
)
def test_a_name_is_made_valid_and_kept_apart_from_ours(given: str, exported: str, tmp_path: Path) -> None:
    assert list(with_files(tmp_path, a=metric(given)).community.meanings) == [exported]


def test_an_object_we_read_ourselves_is_ours_with_our_labels(tmp_path: Path) -> None:
    text = """
metrics:
  - table: {OID: 1.3.6.1.2.1.15.3, name: bgpPeerTable}
    symbols: [{OID: 1.3.6.1.2.1.15.3.1.2, name: bgpPeerState}, {OID: 1.3.6.1.2.1.15.3.1.10, name: bgpPeerInUpdates}]
    metric_tags: [{tag: neighbor, column: {OID: 1.3.6.1.2.1.15.3.1.7, name: bgpPeerRemoteAddr}}]
"""
    found = with_files(tmp_path, a=text)
    assert list(found.community.meanings) == ["bgpPeerInUpdates"]
    (ours, theirs) = found.community.profiles["a"].profile.metrics
    assert {tag.tag for tag in ours.metric_tags} == {"bgpPeerRemoteAddr", "bgpPeerRemoteAs"}
    assert {tag.tag for tag in theirs.metric_tags} == {"index", "neighbor"}
    both = found.completed(found["generic"], "", "", "a")
    assert len(both.metrics) == len(found["generic"].metrics) + 1, "what generic reads already is not read again"
