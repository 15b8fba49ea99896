"""What notifications mean: the files are right, in both languages, and every trap that ends another finds it."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.model import Health
from collectors.traps import meanings
from collectors.traps.meanings import Event, Meanings
from collectors.vocabulary import KINDS, VOCABULARY
from collectors.yamlfile import YamlError

KNOWN = meanings.builtin()
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TRAPS = pytest.mark.parametrize("name", KNOWN.traps)
IF, OSPF, UPS = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.14.10.1", "1.3.6.1.2.1.33.1.6"
CISCO = "1.3.6.1.4.1.9.9.13.1.5.1"


@TRAPS
def test_a_trap_speaks_both_languages(name):
    said = KNOWN.traps[name].text
    assert CHINESE.search(said.zh)
    assert not CHINESE.search(said.en)
    assert said.en[0].isupper()


@TRAPS
def test_what_polls_read_of_the_same_exists(name):
    for each in KNOWN.traps[name].polled:
        sample, _, kind = each.partition(":")
        assert sample in VOCABULARY
        assert not kind or (kind in KINDS and "kind" in VOCABULARY[sample].labels)


@TRAPS
def test_what_ends_a_trap_is_of_the_same_thing(name):
    trap = KNOWN.traps[name]
    for ended in (KNOWN.traps[each] for each in trap.clears):
        assert ended.health is not Health.OK or ended.by
        assert (trap.entity, trap.index_of) == (ended.entity, ended.index_of)


@TRAPS
def test_news_that_is_right_ends_something(name):
    trap = KNOWN.traps[name]
    assert trap.health is not Health.OK or trap.clears


@pytest.mark.parametrize(
    ("oid", "varbinds", "event"),
    [
        (
            "1.3.6.1.6.3.1.1.5.3",
            [(f"{IF}.1.3", 3), (f"{IF}.7.3", 1), (f"{IF}.8.3", 2), (f"{IF}.2.3", b"GE0/0/3")],
            Event(
                "linkDown",
                "3",
                Health.WARNING,
                "linkDown (ifIndex=3, ifAdminStatus=up, ifOperStatus=down, ifDescr=GE0/0/3)",
                "GE0/0/3",
            ),
        ),
        ("1.3.6.1.6.3.1.1.5.4", [(f"{IF}.8.7", 1)], Event("linkUp", "7", Health.OK, "linkUp (ifOperStatus=up)")),
        (
            "1.3.6.1.2.1.33.2.0.3",
            [(f"{UPS}.2.1.1.0", 5), (f"{UPS}.2.1.2.0", f"{UPS}.3.3")],
            Event(
                "upsTrapAlarmEntryAdded",
                "upsAlarmLowBattery",
                Health.CRITICAL,
                "upsTrapAlarmEntryAdded (upsAlarmId=5, upsAlarmDescr=upsAlarmLowBattery)",
            ),
        ),
        (
            "1.3.6.1.2.1.14.16.2.2",
            [("1.3.6.1.2.1.14.1.1.0", "1.1.1.1"), (f"{OSPF}.1.10.0.0.2.0", "10.0.0.2"), (f"{OSPF}.6.10.0.0.2.0", 8)],
            Event(
                "ospfNbrStateChange",
                "10.0.0.2",
                Health.OK,
                "ospfNbrStateChange (ospfRouterId=1.1.1.1, ospfNbrIpAddr=10.0.0.2, ospfNbrState=full)",
            ),
        ),
        (
            "1.3.6.1.2.1.15.0.2",
            [("1.3.6.1.2.1.15.3.1.14.10.0.0.1", b"\x04\x00"), ("1.3.6.1.2.1.15.3.1.2.10.0.0.1", 1)],
            Event(
                "bgpBackwardTransNotification",
                "10.0.0.1",
                Health.CRITICAL,
                "bgpBackwardTransNotification (bgpPeerLastError=04:00, bgpPeerState=idle)",
            ),
        ),
        (
            "1.3.6.1.4.1.9.9.13.3.0.9",
            [(f"{CISCO}.2.1003", b"Sw1, PS2 Faulty"), (f"{CISCO}.3.1003", 6)],
            Event(
                "ciscoEnvMonSuppStatusChangeNotif",
                "1003",
                Health.CRITICAL,
                "ciscoEnvMonSuppStatusChangeNotif (ciscoEnvMonSupplyStatusDescr=Sw1, PS2 Faulty, "
                "ciscoEnvMonSupplyState=notFunctioning)",
            ),
        ),
        ("1.3.6.1.4.1.318.0.5", [], Event("apcUpsOnBattery", "", Health.CRITICAL, "apcUpsOnBattery")),
        (
            "1.3.6.1.4.1.99.7",
            [("1.2.3", b"a\nb")],
            Event("1.3.6.1.4.1.99.7", "", Health.WARNING, "1.3.6.1.4.1.99.7 (1.2.3=a b)"),
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_notification_is_told_in_words(oid, varbinds, event):
    assert KNOWN.event(oid, varbinds) == event


@pytest.mark.parametrize("oid", ["1.3.6.1.4.1.9.9.13.3.0.4", "1.3.6.1.4.1.9.9.13.3.4"])
def test_the_zero_before_a_traps_number_may_be_there_or_not(oid):
    assert KNOWN.event(oid, []).trap == "ciscoEnvMonFanNotification"


def test_a_text_is_titled_in_the_readers_language():
    assert KNOWN.titled("linkDown (ifIndex=3)", "zh") == "端口中断 linkDown (ifIndex=3)"
    assert KNOWN.titled("linkDown (ifIndex=3)", "en") == "Port down linkDown (ifIndex=3)"
    assert KNOWN.titled("1.3.6.1.4.1.99.7 (1.2=x)", "zh") == "1.3.6.1.4.1.99.7 (1.2=x)"


value = st.one_of(st.integers(-(2**63), 2**64), st.binary(max_size=300), st.none(), st.floats(), st.just("1.3.6"))
name = st.sampled_from([f"{IF}.1.3", f"{IF}.2.3", f"{UPS}.2.1.2.1", f"{OSPF}.6.1.1.1.1.0", "1.2.3"])


@given(
    st.sampled_from(sorted(trap.oid for trap in KNOWN.traps.values())), st.lists(st.tuples(name, value), max_size=20)
)
def test_whatever_a_notification_carries_its_text_is_one_short_printable_line(oid, varbinds):
    event = KNOWN.event(oid, varbinds)
    assert event.text.isprintable()
    assert len(event.text) < 1000
    assert len(event.entity) <= meanings.MAX_ENTITY


def test_a_notification_of_the_longest_oids_is_told_in_a_short_text():
    longest = ".".join(["1.3.6", *["4294967295"] * 125])
    event = KNOWN.event(longest, [(f"{longest}.{n}", b"x" * 300) for n in range(200)])
    assert longest.startswith(event.trap)
    assert len(event.trap) == meanings.MAX_NAME
    assert len(event.text) <= meanings.MAX_TEXT


# ---- wrong files ----

RIGHT = """\
source: TEST-MIB
objects: {thing: {oid: 1.3.6.1.4.1.99.1}}
traps:
  bad:
    oid: 1.3.6.1.4.1.99.0.1
    text: {zh: 坏, en: Bad}
    health: critical
    entity: [thing]
    hold: 5m
"""


def loaded(folder: Path, **files: str) -> Meanings:
    for stem, text in files.items():
        (folder / f"{stem}.yaml").write_text(text, encoding="utf-8")
    return meanings.load(folder)


def test_a_right_file_loads(tmp_path):
    assert loaded(tmp_path, one=RIGHT).traps["bad"].holds.total_seconds() == 300


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("entity: [thing]", "entity: [other]", "bad names other, which is not among the objects"),
        ("entity: [thing]", "clears: [other]", "bad clears other, which is not among the traps"),
        ("entity: [thing]", "index_of: other", "bad names other"),
        ("entity: [thing]", "by: {object: other}", "bad names other"),
        ("en: Bad", "fr: Mal", "traps.bad.text.en: Field required"),
        ("critical", "dreadful", "traps.bad.health: Input should be 'ok', 'warning', 'critical' or 'unknown'"),
        ("1.3.6.1.4.1.99.0.1", "enterprises.99", "traps.bad.oid: String should match pattern"),
        ("5m", "a while", "traps.bad.hold: Input should be a valid timedelta"),
        ("source: TEST-MIB", "sauce: TEST-MIB", "sauce: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path, old, new, complaint):
    assert old in RIGHT
    with pytest.raises(YamlError) as caught:
        loaded(tmp_path, one=RIGHT.replace(old, new, 1))
    assert complaint in str(caught.value)


def test_a_name_or_an_oid_given_twice_is_told(tmp_path):
    with pytest.raises(YamlError) as caught:
        loaded(tmp_path, one=RIGHT, two=RIGHT.replace("99.0.1", "99.1"))
    assert [problem.key for problem in caught.value.problems] == ["bad", "1.3.6.1.4.1.99.1"]
