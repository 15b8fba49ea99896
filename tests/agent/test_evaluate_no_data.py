"""Judging what is not there: why it is unknown, what does not apply, and what a silent device owes."""

from dataclasses import replace

import pytest

from agent.checks import Evaluation, evaluate
from agent.checks.tracks import NEVER
from agent.model import Entry, Track
from collectors.model import Device, DeviceClass
from tests.agent.judged import CRITICAL, OK, TEMPERATURE, UNKNOWN, WARNING, check, heat, judge, one, raised, said
from tests.agent.said import MINUTE, entry, failure, sample, silent, snapshot

# ---- no data ----

EXPECTED = {"expected": {TEMPERATURE}}


@pytest.mark.parametrize(
    "kind", ["timeout", "auth", "refused", "stale", "bad_data", "unsupported", "parse", "unreachable"]
)
def test_a_failure_that_names_the_sample_is_the_reason(kind):
    found = judge(snapshot([], failures=(failure("other"), failure(TEMPERATURE, kind=kind)), **EXPECTED))
    assert said(found) == {"": (UNKNOWN, kind)}
    assert found.judged[0].result.detail == f"core-1: {kind}"


def test_a_want_of_history_is_a_reason_only_where_there_is_no_other():
    waiting, late = failure(TEMPERATURE, kind="no_history", protocol="derive"), failure(TEMPERATURE)
    assert said(judge(snapshot([], failures=(waiting,), **EXPECTED))) == {"": (UNKNOWN, "no_history")}
    assert said(judge(snapshot([], failures=(waiting, late), **EXPECTED))) == {"": (UNKNOWN, "timeout")}


def test_an_unknown_kind_of_failure_is_bad_data():
    assert said(judge(snapshot([], failures=(failure(TEMPERATURE, kind="error"),), **EXPECTED)))[""][1] == "bad_data"


def test_a_sample_that_never_came_is_unknown_only_if_it_is_required():
    assert said(judge(snapshot([], **EXPECTED), check(required=True))) == {"": (UNKNOWN, "unsupported")}
    assert judge(snapshot([], **EXPECTED)).not_applicable == ("heat",)
    again = judge(snapshot([], **EXPECTED), check(required=True), known={"": NEVER})
    assert said(again) == {"": (UNKNOWN, "unsupported")}


def test_a_sample_no_profile_gives_does_not_apply():
    assert judge(snapshot([]), check(required=True)) == Evaluation((), ("heat",))


def test_a_check_of_another_class_does_not_apply():
    assert judge(snapshot([heat(99)]), check(classes=["ups"])) == Evaluation((), ("heat",))
    ups = judge(snapshot([heat(99)]), check(classes=["ups"]), site=entry(DeviceClass.UPS))
    assert said(ups) == {"board": (CRITICAL, "")}


@pytest.mark.parametrize("before", [Track(), raised(WARNING), raised(CRITICAL), Track(OK, WARNING, 1)])
def test_an_object_judged_before_and_gone_now_is_missing(before):
    known = {"board": before, "cpu": Track()}
    found = judge(snapshot([heat(40, "cpu")]), known=known)
    assert said(found) == {"cpu": (OK, ""), "board": (UNKNOWN, "missing")}
    assert next(j.track for j in found.judged if j.result.object == "board") == before
    assert said(judge(snapshot([], **EXPECTED), known=known)).keys() == {"board", "cpu"}


def test_an_object_of_the_reading_before_counts_as_judged():
    found = judge(snapshot([heat(40, "cpu")], MINUTE), previous=snapshot([heat(40), heat(40, "cpu")]))
    assert said(found) == {"cpu": (OK, ""), "board": (UNKNOWN, "missing")}


def test_an_object_that_could_not_be_read_has_the_failures_reason():
    now = snapshot([heat(40, "cpu")], failures=(failure(TEMPERATURE),))
    assert said(judge(now, known={"board": Track()})) == {"cpu": (OK, ""), "board": (UNKNOWN, "timeout")}


def test_what_comes_and_goes_is_missed_only_once_it_was_raised():
    mounts = check(may_vanish=True)
    now = snapshot([heat(40, "cpu")])
    assert said(judge(now, mounts, known={"board": Track()})) == {"cpu": (OK, "")}
    assert said(judge(now, mounts, known={"board": raised(WARNING)}))["board"] == (UNKNOWN, "missing")
    unread = replace(now, failures=(failure(TEMPERATURE),))
    assert said(judge(unread, mounts, known={"board": Track()}))["board"] == (UNKNOWN, "timeout")


def test_unknown_keeps_what_was_raised():
    judged = one(snapshot([], **EXPECTED), known={"board": raised(CRITICAL)})
    assert (judged.result.severity, judged.raised, judged.track) == (UNKNOWN, CRITICAL, raised(CRITICAL))


def test_what_was_raised_stays_unknown_when_nothing_gives_the_sample_any_more():
    known = {"board": raised(WARNING), "cpu": Track()}
    assert said(judge(snapshot([]), known=known)) == {"board": (UNKNOWN, "unsupported")}


def test_a_table_that_failed_is_one_result_and_no_more():
    known = {f"sensor {n}": Track() for n in range(48)}
    found = judge(snapshot([], failures=(failure(TEMPERATURE),), **EXPECTED), known=known)
    assert said(found) == {"": (UNKNOWN, "timeout")}


def test_a_check_that_had_nothing_to_judge_is_not_owed_when_its_table_fails():
    other = check("other", sample="device_fan_speed_rpm")
    now = snapshot([], failures=(failure(TEMPERATURE),), expected={TEMPERATURE})
    before = snapshot([], expected={TEMPERATURE})
    tracks = {("core-1", "other", "FAN 1"): Track()}
    rules = {"heat": check(), "other": other}
    found = evaluate(rules, entry(), now, previous=before, tracks=tracks)
    assert "heat" in found.not_applicable
    newly = evaluate(rules, entry(), now, previous=snapshot([]), tracks=tracks)
    assert ("heat", "") in {j.result.key[1:] for j in newly.judged}


# ---- a sample that many things share ----

CERTIFICATE = check(
    "certificate", sample="device_expiry_seconds", where={"kind": ["certificate"]}, limit={"below": {"warning": 86400}}
)
EXPIRY = "device_expiry_seconds"


def ends(kind: str, **more: object):
    return snapshot([sample(EXPIRY, 9e6, kind=kind, entity="TLS 443")], **more)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        (f"{EXPIRY}:certificate", {"": (UNKNOWN, "timeout")}),
        (f"{EXPIRY}:license", {}),
        (EXPIRY, {}),
    ],
)
def test_a_check_of_one_choice_is_owed_only_where_that_choice_is_expected(named, found):
    now = snapshot([], failures=(failure(named),), expected={named})
    assert said(judge(now, CERTIFICATE)) == found


def test_a_failure_that_names_the_shared_sample_or_the_choice_is_the_reason_for_what_is_gone():
    for named in (EXPIRY, f"{EXPIRY}:certificate"):
        now = snapshot([], failures=(failure(named, kind="auth"),))
        assert said(judge(now, CERTIFICATE, previous=ends("certificate"))) == {"": (UNKNOWN, "auth")}
    now = snapshot([], failures=(failure(f"{EXPIRY}:license"),), expected={f"{EXPIRY}:certificate"})
    assert said(judge(now, CERTIFICATE, previous=ends("certificate"))) == {"TLS 443": (UNKNOWN, "missing")}


def test_what_one_choice_yields_says_nothing_of_another():
    assert judge(ends("license"), CERTIFICATE) == Evaluation((), ("certificate",))


# ---- a silent device ----

REACHABLE = check("reachability", sample="device_up", object=[], limit={"critical_values": [0]}, required=True)


def test_a_silent_device_is_one_critical_and_one_unknown_for_each_other_check():
    now = silent(0, failure("device_state", kind="timeout"), expected={TEMPERATURE, "device_up"})
    now = replace(now, samples=(sample("device_up", 0),))
    known = {"board": raised(WARNING), "cpu": Track()}
    found = judge(now, check(), REACHABLE, check("fans", sample="device_fan_speed_rpm"), known=known)
    assert [(j.result.check, j.result.object, j.result.severity, j.result.reason) for j in found.judged] == [
        ("heat", "", UNKNOWN, "timeout"),
        ("reachability", "", CRITICAL, "timeout"),
    ]
    assert found.not_applicable == ("fans",)


def test_what_came_over_another_protocol_is_judged_all_the_same():
    now = replace(silent(0, failure(TEMPERATURE), **EXPECTED), samples=(sample("device_icmp_loss_ratio", 0.5),))
    loss = check("loss", sample="device_icmp_loss_ratio", object=[], limit={"above": {"warning": 0.2}})
    assert {j.result.check: j.result.severity for j in judge(now, check(), loss).judged} == {
        "heat": UNKNOWN,
        "loss": WARNING,
    }


def test_a_silent_device_that_gave_no_reason_is_unreachable():
    assert said(judge(silent(0, **EXPECTED))) == {"": (UNKNOWN, "unreachable")}


def test_a_device_never_recognised_owes_what_all_of_its_class_have():
    refused = failure("device_snmp_rtt_seconds", kind="auth")
    now = snapshot([], profile=None, failures=(refused,))
    found = judge(now, check(required=True), check("other"))
    assert {j.result.key[1:]: j.result.reason for j in found.judged} == {("heat", ""): "auth"}
    assert found.not_applicable == ("other",)


def test_a_device_that_is_only_pinged_owes_nothing_else():
    pinged = Entry(device=Device(name="core-1", address="127.0.0.1", device_class=DeviceClass.ROUTER))
    now = silent(0, failure("device_icmp_rtt_seconds", protocol="icmp"), profile=None)
    assert judge(now, check(required=True), site=pinged).judged == ()


def test_tracks_of_other_devices_are_not_ours():
    found = evaluate(
        {"heat": check()}, entry(), snapshot([heat(40)]), previous=None, tracks={("other", "heat", "cpu"): Track()}
    )
    assert said(found) == {"board": (OK, "")}


@pytest.mark.parametrize("knocking", ["icmp", "tcp"])
def test_a_silent_device_is_explained_by_its_management_protocol(knocking):
    knocked = failure("device_port_open", protocol=knocking)
    now = silent(0, knocked, failure("device_up", kind="unreachable"), profile=None)
    up = check("up", sample="device_up", object=[], required=True, limit={"critical_values": [0]})
    assert said(judge(now, up)) == {"": (UNKNOWN, "unreachable")}
