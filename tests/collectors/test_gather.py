"""Gathering one device: the profile it is read by, and what becomes of several protocols' answers."""

from dataclasses import replace

import pytest

from collectors import icmp, local, tcp
from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut, Unreachable
from collectors.gather import COLLECTORS, EXPECTED, ON_DEMAND, build
from collectors.model import Cost, DeviceClass, Failure, Reading, Sample
from collectors.snmp_collector import Identity
from tests.simulator.fake_collectors import (
    ACME,
    ICMP,
    NOW,
    NUT,
    PROBE,
    PROFILES,
    SNMP,
    SSH,
    Fake,
    FakeSnmp,
    a_device,
    figures,
    read,
    unanswered,
)

RTT = "device_snmp_rtt_seconds"

# ---- the registry ----


def test_each_protocol_has_a_collector_of_its_name_and_says_what_it_would_bring():
    assert {name: collector.protocol for name, collector in build().items()} == {name: name for name in COLLECTORS}
    assert EXPECTED.keys() == COLLECTORS.keys() | ON_DEMAND.keys()
    assert {name: expects(PROFILES["acme_os"], a_device()) for name, expects in EXPECTED.items()} == {
        "snmp": {"device_cpu_ratio"},
        "ssh": {"device_ntp_stratum"},
        "nut": frozenset(),
        "local": local.EXPECTED,
        "icmp": icmp.EXPECTED,
        "tcp": tcp.PORTS,
    }
    assert EXPECTED["ssh"](PROFILES["generic"], a_device()) == frozenset()


@pytest.mark.parametrize(
    ("wanted", "more"), [({"device_up"}, set()), ({"device_port_open"}, {"tcp"}), ({"device_weak_algorithms"}, {"tcp"})]
)
def test_ports_are_looked_at_only_for_who_wants_to_know(wanted, more):
    assert build(wanted).keys() - build().keys() == more


# ---- the profile ----

PROBED = Identity("1.3.6.1.4.1.5", "", None, 0.1)


@pytest.mark.parametrize(
    ("device", "says", "known", "chosen"),
    [
        (replace(SNMP, profile="linux"), ACME, None, "linux"),
        (SNMP, ACME, "linux", "acme_os"),
        (SNMP, PROBED, None, "generic"),
        (SNMP, PROBED, "acme_ups", "generic"),
        (SNMP, replace(PROBED, answers={PROBE: "EU-1"}), None, "acme_ups"),
        (SNMP, replace(PROBED, unsaid=TimedOut()), None, "generic"),
        (SNMP, replace(PROBED, unsaid=TimedOut()), "acme_ups", "acme_ups"),
        (SNMP, replace(PROBED, unsaid=TimedOut()), "acme_os", "generic"),
        (SNMP, unanswered(TimedOut()), "acme_os", "acme_os"),
        (SNMP, unanswered(TimedOut()), "no_longer_there", None),
        (SNMP, unanswered(TimedOut()), None, None),
        (a_device(local=True), None, None, "local"),
        (replace(SNMP, local=True), ACME, None, "acme_os"),
        (replace(SNMP, local=True), unanswered(TimedOut()), None, "local"),
        (SSH, None, None, None),
        (SSH, None, "acme_os", "acme_os"),
        (replace(SSH, device_class=DeviceClass.SERVER), None, None, "linux"),
        (NUT, None, None, "nut"),
        (NUT, None, "acme_ups", "acme_ups"),
        (replace(NUT, ssh=SSH.ssh, device_class=DeviceClass.SERVER), None, None, "linux"),
        (replace(NUT, snmp=SNMP.snmp), unanswered(TimedOut()), None, "nut"),
        (ICMP, None, None, None),
    ],
    ids=[
        "named in the inventory", "recognised goes before the last one", "not recognised", "no longer shown by a probe",
        "shown by a probe", "probes not answered", "probes not answered, and known by one",
        "probes not answered, and known without", "silent, and known",
        "silent, and known by a profile that is gone", "silent, and never seen", "this machine",
        "this machine over SNMP", "this machine, SNMP silent", "SSH only", "SSH only, and known",
        "a server by SSH only", "NUT only", "NUT only, and known", "a server with a UPS", "NUT, and SNMP is silent",
        "ICMP only",
    ],
)  # fmt: skip
async def test_the_profile_is_the_inventorys_or_the_recognised_or_the_last_or_a_guess(device, says, known, chosen):
    fakes = [FakeSnmp(says=says or ACME), Fake("ssh"), Fake("nut"), Fake("local"), Fake("icmp")]
    assert (await read(device, *fakes, known=known)).profile == chosen


@pytest.mark.parametrize(("device", "asked"), [(SNMP, (PROBE,)), (replace(SNMP, profile="acme_os"), ())])
async def test_a_device_is_probed_unless_the_inventory_names_its_profile(device, asked):
    snmp = FakeSnmp(says=PROBED)
    await read(device, snmp)
    assert snmp.probed == asked


async def test_probes_that_are_not_answered_are_told_and_counted():
    snapshot = await read(SNMP, FakeSnmp(says=replace(PROBED, unsaid=Refused("no such name"), requests=2)))
    (failure,) = snapshot.failures
    assert (failure.protocol, failure.what, failure.kind, failure.samples) == ("snmp", "probe", "refused", frozenset())
    assert (snapshot.up, snapshot.cost.requests) == (True, 2)


async def test_what_upsd_says_is_read_whatever_the_profile():
    seen = []

    async def note(device, profile):
        seen.append(profile)
        return Reading(answered=True)

    await read(replace(NUT, snmp=SNMP.snmp), FakeSnmp(), Fake("nut", note))
    await read(SNMP, FakeSnmp("snmp", note))
    assert [(profile.name, profile.nut == PROFILES["nut"].nut) for profile in seen] == [
        ("acme_os", True),
        ("acme_os", False),
    ]
    await read(replace(NUT, snmp=SNMP.snmp), FakeSnmp(), Fake("nut", note))
    assert seen[0] is seen[2]  # what is kept for it stays of use


async def test_a_device_without_a_known_profile_is_still_read_by_the_generic_one():
    ping = Fake("icmp")
    await read(ICMP, ping)
    assert ping.read_by == ["generic"]


async def test_a_profile_that_is_not_installed_is_said_with_those_that_are():
    snapshot = await read(replace(SNMP, profile="acme_oss"), FakeSnmp())
    (failure,) = snapshot.failures
    assert snapshot.profile == "acme_os"
    assert failure.kind == "profile"
    assert failure.message == (
        "core-1: there is no profile 'acme_oss' (right form: one of acme_os, acme_ups, generic, linux, local, nut)"
    )


async def test_a_device_with_ssh_only_is_told_to_name_its_profile():
    snapshot = await read(SSH, Fake("ssh", Reading()))
    (failure,) = snapshot.failures
    assert "one of acme_os, linux" in failure.message
    assert "device_up" not in figures(snapshot)
    assert "device_up" in failure.samples


# ---- putting together ----


async def test_all_protocols_are_read_by_the_profile_and_their_samples_stand_together():
    device = replace(SNMP, ssh=SSH.ssh, icmp=True)
    snmp = FakeSnmp(brings=Reading((Sample("device_cpu_ratio", {"entity": "a"}, 0.1),), answered=True))
    ssh = Fake("ssh", Reading((Sample("device_ntp_stratum", {}, 3),), answered=True))
    ping = Fake("icmp", Reading((Sample("device_icmp_loss_ratio", {}, 0.0),), answered=True))
    snapshot = await read(device, snmp, ssh, ping)
    assert [fake.read_by for fake in (snmp, ssh, ping)] == [["acme_os"]] * 3
    assert figures(snapshot) == {
        "device_up": 1, "device_cpu_ratio": 0.1, "device_ntp_stratum": 3, "device_icmp_loss_ratio": 0.0, RTT: 0.02
    }  # fmt: skip
    assert (snapshot.device, snapshot.taken_at, snapshot.up) == ("core-1", NOW, True)


async def test_of_a_series_that_two_protocols_bring_the_first_ones_is_kept():
    snmp = FakeSnmp(brings=Reading((Sample("device_cpu_ratio", {"entity": "a"}, 0.1),), answered=True))
    ssh = Fake("ssh", Reading((Sample("device_cpu_ratio", {"entity": "a"}, 0.9),), answered=True))
    snapshot = await read(replace(SNMP, ssh=SSH.ssh), snmp, ssh)
    assert [s.value for s in snapshot.samples if s.name == "device_cpu_ratio"] == [0.1]


async def test_facts_of_later_protocols_fill_gaps_and_what_it_said_of_itself_the_rest():
    snmp = FakeSnmp(brings=Reading(facts={"vendor": "Acme", "serial": ""}, answered=True))
    ssh = Fake("ssh", Reading(facts={"vendor": "other", "serial": "S1"}, answered=True))
    snapshot = await read(replace(SNMP, ssh=SSH.ssh), snmp, ssh)
    assert snapshot.facts == {
        "vendor": "Acme", "serial": "S1", "sys_object_id": "1.3.6.1.4.1.99.7", "sys_descr": "Acme OS"
    }  # fmt: skip


async def test_expected_names_failures_and_costs_are_all_of_them():
    failure = Failure("snmp", "timeout", "ifTable", "no answer", frozenset({"ifMtu"}))
    snmp = FakeSnmp(brings=Reading(failures=(failure,), expected=frozenset({"ifMtu"}), cost=Cost(7, (), 1.0)))
    ssh = Fake("ssh", Reading(expected=frozenset({"device_ntp_stratum"}), cost=Cost(0, ("show ntp",), 2.0)))
    snapshot = await read(replace(SNMP, ssh=SSH.ssh), snmp, ssh)
    assert snapshot.expected == {"device_up", RTT, "ifMtu", "device_ntp_stratum"}
    assert snapshot.failures == (failure,)
    assert (snapshot.cost.requests, snapshot.cost.commands) == (8, ("show ntp",))
    assert 0 <= snapshot.cost.seconds < 1, "as long as it took: they work side by side"


@pytest.mark.parametrize(
    ("readings", "up"),
    [
        ({"ssh": Reading(answered=True), "icmp": Reading()}, 1),
        ({"ssh": Reading(failures=(Failure("ssh", "timeout", "login", ""),)), "icmp": Reading(answered=True)}, 0),
        ({"ssh": Reading(failures=(Failure("ssh", "auth", "login", ""),)), "icmp": Reading(answered=True)}, None),
        ({"local": Reading(answered=True)}, 1),
        ({"icmp": Reading(answered=True)}, 1),
        ({"icmp": Reading(failures=(Failure("icmp", "timeout", "echo", ""),))}, 0),
        ({"icmp": Reading(failures=(Failure("icmp", "refused", "echo", "the kernel forbids it"),))}, None),
        ({}, None),
    ],
    ids=[
        "SSH answers, ICMP does not", "SSH is silent, ICMP answers", "SSH was not spoken to", "this machine",
        "only ICMP, and it answers", "only ICMP, and it is silent", "only ICMP, and we may not", "nothing to ask by",
    ],
)  # fmt: skip
async def test_up_is_what_a_management_protocol_says_and_absent_when_nobody_can_tell(readings, up):
    device = a_device(profile="acme_os", **dict.fromkeys(readings, True))
    snapshot = await read(device, *(Fake(protocol, reading) for protocol, reading in readings.items()))
    assert figures(snapshot).get("device_up") == up
    assert snapshot.up is (up == 1)
    assert "device_up" in snapshot.expected
    assert all(("device_up" in failure.samples) is (up is None) for failure in snapshot.failures)


CLOSED = Reading((Sample("device_port_open", {"port": "23"}, 0),), expected=tcp.PORTS, answered=True)


class FakeTcp(Fake):
    def wants(self, device):
        return True


@pytest.mark.parametrize("silent", [False, True])
async def test_that_ports_are_closed_is_believed_only_of_a_device_that_says_something(silent):
    snmp = FakeSnmp(says=unanswered(TimedOut())) if silent else FakeSnmp()
    snapshot = await read(SNMP, snmp, FakeTcp("tcp", CLOSED))
    assert ("device_port_open" in figures(snapshot)) is not silent
    assert [f.kind for f in snapshot.failures if f.samples >= tcp.PORTS] == ["timeout"] * silent
    assert snapshot.expected >= tcp.PORTS


# ---- a device that does not say who it is ----


@pytest.mark.parametrize(
    ("error", "walked", "up"),
    [
        (TimedOut("no answer"), False, 0),
        (Unreachable("no route"), False, 0),
        (AuthFailed("unknown user"), False, 1),
        (Refused("noAccess"), True, 1),
        (BadData("garbage"), True, 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, CollectError) else "",
)
async def test_a_device_that_will_not_answer_is_not_walked(error, walked, up):
    snmp = FakeSnmp(says=unanswered(error))
    snapshot = await read(replace(SNMP, profile="acme_os"), snmp)
    assert bool(snmp.read_by) is walked
    assert figures(snapshot) == {"device_up": up}
    (failure,) = snapshot.failures
    assert (failure.kind, failure.what) == (error.kind, "identify")


@pytest.mark.parametrize(("named", "known"), [("acme_os", None), (None, "acme_os")])
async def test_what_its_profile_would_have_given_is_expected_and_missing(named, known):
    snapshot = await read(replace(SNMP, profile=named), FakeSnmp(says=unanswered(TimedOut())), known=known)
    assert snapshot.expected == {"device_up", RTT, "device_cpu_ratio"}
    assert snapshot.failures[0].samples == {RTT, "device_cpu_ratio"}


async def test_of_a_device_never_recognised_nothing_is_expected_but_an_answer():
    snapshot = await read(SNMP, FakeSnmp(says=unanswered(TimedOut())))
    assert snapshot.expected == {"device_up", RTT}


# ---- the same part over two protocols ----


async def test_a_part_snmp_tells_of_is_not_told_again_over_ssh_by_another_name():
    def part(entity, kind):
        return Sample("device_state", {"entity": entity, "kind": kind, "state": "ok", "health": "ok"}, 1)

    over_ssh = (part("FAN1", "fan"), part("PWR1", "power_supply"), Sample("device_ntp_stratum", {}, 3))
    snmp = FakeSnmp(brings=Reading((part("Fan 1", "fan"),), answered=True))
    snapshot = await read(replace(SNMP, ssh=SSH.ssh), snmp, Fake("ssh", Reading(over_ssh, answered=True)))
    assert {s.labels["entity"] for s in snapshot.samples if s.name == "device_state"} == {"Fan 1", "PWR1"}
    assert figures(snapshot)["device_ntp_stratum"] == 3
    alone = await read(SSH, Fake("ssh", Reading(over_ssh, answered=True)))
    assert {s.labels["entity"] for s in alone.samples if s.name == "device_state"} == {"FAN1", "PWR1"}
