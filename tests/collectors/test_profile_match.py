"""Which profile reads a device: by what it says of itself, and by what it answers to probes."""

from pathlib import Path

import pytest

from collectors import profiles
from collectors.profiles import ProfileSet, load
from collectors.profiles.rules import Profile
from collectors.snmp_walk import MAX_GET
from tests.collectors.profile_files import write


def some(**recognised: dict[str, object]) -> ProfileSet:
    return ProfileSet({name: Profile.model_validate({"name": name} | fields) for name, fields in recognised.items()})


SOME = some(
    generic={},
    maker={"sysobjectid": ["1.3.6.1.4.1.9.*"]},
    family={"sysobjectid": ["1.3.6.1.4.1.9.1.*"]},
    newer={"sysobjectid": ["1.3.6.1.4.1.9.1.*"], "sysdescr": r"(?i)version 1[78]\."},
    model={"sysobjectid": ["1.3.6.1.4.1.9.1.1745", "1.3.6.1.4.1.9.12.3"]},
    special={"sysobjectid": ["1.3.6.1.4.1.8072.3.2.10"], "sysdescr": "^Linux"},
)


@pytest.mark.parametrize(
    ("oid", "descr", "name"),
    [
        ("1.3.6.1.4.1.9.1.1745", "", "model"),
        ("1.3.6.1.4.1.9.1.1745", "Version 17.1", "model"),  # exact goes before a prefix, whatever it says
        (".1.3.6.1.4.1.9.1.1745 ", "", "model"),
        ("1.3.6.1.4.1.9.1.17450", "", "family"),
        ("1.3.6.1.4.1.9.1.2", "IOS Version 17.9", "newer"),
        ("1.3.6.1.4.1.9.1.2", "IOS Version 15.2", "family"),
        ("1.3.6.1.4.1.9.5.2", "", "maker"),
        ("1.3.6.1.4.1.9", "", "maker"),
        ("1.3.6.1.4.1.99.1", "", "generic"),  # 9.* is no prefix of 99
        ("1.3.6.1.4.1.8072.3.2.10", "Linux web-1", "special"),
        ("1.3.6.1.4.1.8072.3.2.10", "Appliance", "generic"),
        ("", "", "generic"),
        ("not an oid", "<script>", "generic"),
    ],
)
def test_the_most_specific_profile_recognises_a_device(oid: str, descr: str, name: str) -> None:
    assert SOME.match(oid, descr).name == name


NET_SNMP = "1.3.6.1.4.1.8072.3.2.10"
STORE, UPS, NEW_UPS = (f"1.3.6.1.4.1.32473.{n}.1.0" for n in (1, 2, 3))
PROBED = some(
    generic={},
    maker={"sysobjectid": ["1.3.6.1.4.1.9.*"]},
    net_snmp={"sysobjectid": [NET_SNMP], "sysdescr": "^Linux", "shared_agent": True},
    router={"sysobjectid": [NET_SNMP], "sysdescr": "FRR"},
    card={"sysdescr": "^Example card"},
    store={"sysobjectid": ["1.3.6.1.4.1.32473.*"], "probe": [{"OID": STORE, "match": "^ES-"}]},
    ups={"probe": [{"OID": UPS}, {"OID": NEW_UPS}, {"OID": STORE, "match": "UPS"}]},
)


@pytest.mark.parametrize(
    ("oid", "descr", "answers", "name"),
    [
        ("1.3.6.1.4.1.9.1", "", {UPS: "EU-1"}, "maker"),
        ("1.3.6.1.4.1.32473.7", "", {UPS: "EU-1"}, "store"),
        (NET_SNMP, "Linux edge (FRR)", {STORE: "ES-1"}, "router"),
        (NET_SNMP, "Example card 1.2", {}, "card"),
        ("0.0", "Example card 1.2", {STORE: "ES-1"}, "card"),
        ("1.3.6.1.4.1.9.1", "Example card 1.2", {}, "maker"),
        (NET_SNMP, "Linux box", {STORE: "ES-1"}, "store"),
        (NET_SNMP, "Linux box", {STORE: "", UPS: "", NEW_UPS: "3"}, "ups"),
        (NET_SNMP, "Linux box", {STORE: "other", UPS: ""}, "net_snmp"),
        (NET_SNMP, "Linux box", {}, "net_snmp"),
        ("1.3.6.1.4.1.99.1", "", {STORE: "a UPS"}, "ups"),
        ("", "", {"1.3.6.1.4.1.32473.9.1.0": "x"}, "generic"),
    ],
)
def test_what_the_system_group_leaves_open_a_probe_answers(
    oid: str, descr: str, answers: dict[str, str], name: str
) -> None:
    assert PROBED.match(oid, descr, answers).name == name
    asked = PROBED.probes(oid, descr)
    assert asked == (
        (STORE, UPS, NEW_UPS) if name in {"store", "ups", "net_snmp", "generic"} and "32473" not in oid else ()
    )


def test_a_probe_is_not_inherited(tmp_path: Path) -> None:
    write(tmp_path, "_base", "shared_agent: true\nprobe: [{OID: 1.3.6.1.4.1.32473.1.0}]")
    write(tmp_path, "top", "extends: [_base]")
    top = load([tmp_path])["top"]
    assert (top.probe, top.shared_agent) == ([], False)


def test_what_is_asked_of_an_unknown_device_fits_into_two_requests() -> None:
    assert len(profiles.load().probes("", "")) <= 2 * MAX_GET


def test_without_a_generic_profile_an_unknown_device_is_an_error() -> None:
    with pytest.raises(KeyError):
        some(maker={}).match("1.3.6.1.4.1.1")


def test_no_two_built_in_profiles_claim_the_same_device() -> None:
    claims = [(oid, p.sysdescr) for p in profiles.load().values() for oid in p.sysobjectid]
    assert sorted({claim for claim in claims if claims.count(claim) > 1}, key=str) == []
