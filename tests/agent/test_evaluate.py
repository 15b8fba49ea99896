"""Judging one reading: limits and whose they are, hysteresis and `for`, and what objects are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.tracks import NEVER, step
from agent.model import LimitOverride, Severity
from tests.agent.judged import CRITICAL, OK, UNKNOWN, WARNING, check, heat, judge, one, raised, said, threshold
from tests.agent.said import MINUTE, entry, failure, port, sample, snapshot

# ---- limits ----


@pytest.mark.parametrize(
    ("celsius", "severity", "limit"),
    [(49.9, OK, 50), (50, WARNING, 50), (59.9, WARNING, 50), (60, CRITICAL, 60), (-10, OK, 50)],
)
def test_a_limit_is_where_a_severity_begins(celsius, severity, limit):
    result = one(snapshot([heat(celsius)])).result
    assert (result.severity, result.limit, result.limit_source, result.direction) == (severity, limit, "check", "above")
    assert (result.value, result.object, result.key) == (celsius, "board", ("core-1", "heat", "board"))


@pytest.mark.parametrize(
    ("value", "severity", "direction"),
    [
        (220, OK, "above"),
        (242, WARNING, "above"),
        (198, WARNING, "below"),
        (187, CRITICAL, "below"),
        (205, OK, "below"),
    ],
)
def test_a_value_may_have_limits_on_both_sides(value, severity, direction):
    both = {"above": {"warning": 242, "critical": 253}, "below": {"warning": 198, "critical": 187}}
    result = one(snapshot([heat(value)]), check(limit=both)).result
    assert (result.severity, result.direction) == (severity, direction)


@pytest.mark.parametrize(
    ("own", "customer", "severity", "limit", "source"),
    [
        ([], None, WARNING, 50, "check"),
        ([], LimitOverride(warning=56), OK, 56, "customer"),
        ([], LimitOverride(critical=54), CRITICAL, 54, "customer"),
        ([], LimitOverride(warning=70), OK, 70, "customer"),  # and not critical from 60 on
        ([threshold(90)], None, OK, 90, "device"),
        ([threshold(90)], LimitOverride(warning=40), OK, 90, "device"),
        ([threshold(52, "warning"), threshold(54)], None, CRITICAL, 54, "device"),
        ([threshold(52, "warning")], None, WARNING, 52, "device"),
        ([threshold(90, entity="fan")], None, WARNING, 50, "check"),  # of another part
        ([threshold(90), threshold(80)], None, OK, 80, "device"),  # the stricter of two
        ([threshold(float("nan"))], None, WARNING, 50, "check"),
        ([threshold(0), threshold(0, "warning")], None, WARNING, 50, "check"),  # fills in for none
        ([threshold(7), threshold(7, direction="below")], None, WARNING, 50, "check"),
        ([threshold(90), threshold(0, direction="below")], None, OK, 90, "device"),
        ([threshold(0), threshold(70, "warning")], None, WARNING, 50, "check"),  # a critical limit that is not set
        ([threshold(70), threshold(70, "warning")], None, OK, 70, "device"),
        ([threshold(54, direction="below"), threshold(9, "warning", direction="below")], None, WARNING, 50, "check"),
    ],
)
def test_the_devices_own_limit_goes_first_then_the_customers_then_the_checks(own, customer, severity, limit, source):
    site = entry(limits={"heat": customer} if customer else {})
    result = one(snapshot([heat(55), *own]), check(device_limit=True), site=site).result
    assert (result.severity, result.limit, result.limit_source) == (severity, limit, source)


def test_a_customer_who_warns_later_does_not_get_critical_earlier():
    site = entry(limits={"heat": LimitOverride(warning=70)})
    for celsius, severity in ((65, OK), (70, CRITICAL)):
        assert one(snapshot([heat(celsius)]), site=site).result.severity is severity


def test_a_check_that_does_not_ask_for_the_devices_limit_keeps_its_own():
    assert one(snapshot([heat(55), threshold(90)])).result.limit_source == "check"


def test_a_customers_limit_is_of_the_side_it_is_nearer_to():
    both = check(limit={"above": {"warning": 242}, "below": {"warning": 198}})
    for value, theirs, severity in ((245, 250, OK), (245, 190, WARNING), (195, 190, OK), (195, 250, WARNING)):
        site = entry(limits={"heat": LimitOverride(warning=theirs)})
        assert one(snapshot([heat(value)]), both, site=site).result.severity is severity


@pytest.mark.parametrize(("celsius", "severity"), [(84, OK), (85, WARNING), (90, CRITICAL)])
def test_a_margin_warns_before_the_only_limit_a_device_has(celsius, severity):
    margin = check(device_limit=True, margin=5)
    assert one(snapshot([heat(celsius), threshold(90)]), margin).result.severity is severity


def test_a_series_without_any_limit_is_not_judged():
    only_own = check(device_limit=True, limit={})
    found = judge(snapshot([heat(55), heat(99, "cpu"), threshold(90)]), only_own)
    assert said(found) == {"board": (OK, "")}
    assert judge(snapshot([heat(55)]), only_own).not_applicable == ("heat",)


def test_limits_that_could_not_be_read_again_still_hold():
    before = snapshot([heat(55), threshold(90)])
    now = snapshot([heat(55)], MINUTE, failures=(failure("device_limit"),))
    assert one(now, check(device_limit=True), previous=before).result.limit == 90


def test_a_transceiver_is_held_against_its_own_limits_only():
    rule = check(device_limit=True, ports_need_own_limit=True)
    reading = [heat(65), heat(65, "GE0/0/1-Module Temp"), heat(65, "GE0/0/2"), threshold(70, entity="GE0/0/2")]
    found = judge(snapshot([*reading, *port(1), *port(2)]), rule)
    assert said(found) == {"board": (CRITICAL, ""), "GE0/0/2": (OK, "")}


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 10**400])
def test_what_is_no_number_is_unknown(value):
    result = one(snapshot([heat(value)])).result
    assert (result.severity, result.reason, result.value) == (UNKNOWN, "bad_data", None)


@pytest.mark.parametrize(
    ("state", "health", "severity", "reason"),
    [
        ("normal", "ok", OK, ""),
        ("weak", "warning", WARNING, ""),
        ("failed", "critical", CRITICAL, ""),
        ("battery", "warning", CRITICAL, ""),
        ("eco", "ok", WARNING, ""),
        ("??", "unknown", UNKNOWN, "unsupported"),
        ("??", "no such health", UNKNOWN, "unsupported"),
    ],
)
def test_a_state_is_judged_by_its_health_unless_the_check_names_it(state, health, severity, reason):
    limit = {"states": True, "critical_states": ["battery"], "warning_states": ["eco"]}
    reading = snapshot([sample("device_state", entity="FAN 1", kind="fan", state=state, health=health)])
    result = one(reading, check(sample="device_state", limit=limit)).result
    assert (result.severity, result.text, result.value, result.reason) == (severity, state, None, reason)


@pytest.mark.parametrize(("value", "severity"), [(0, CRITICAL), (1, OK), (2, WARNING)])
def test_listed_values_are_judged(value, severity):
    rule = check(sample="device_up", object=[], limit={"critical_values": [0], "warning_values": [2]})
    result = one(snapshot([sample("device_up", value)]), rule).result
    assert (result.severity, result.value, result.direction) == (severity, value, "in")


# ---- from poll to poll ----


@pytest.mark.parametrize(
    ("before", "celsius", "severity"),
    [
        (OK, 49, OK),
        (WARNING, 49, WARNING),
        (WARNING, 45.1, WARNING),
        (WARNING, 45, OK),
        (CRITICAL, 55, CRITICAL),
        (CRITICAL, 54, WARNING),
        (CRITICAL, 49, WARNING),
        (CRITICAL, 44, OK),
        (WARNING, 59, WARNING),
    ],
)
def test_what_is_raised_comes_back_only_beyond_the_clear_limit(before, celsius, severity):
    known = {"board": raised(before)} if before is not OK else {}
    judged = one(snapshot([heat(celsius)]), check(clear=0.1), known=known)
    assert (judged.result.severity, judged.raised) == (severity, severity)


def test_hysteresis_of_a_lower_limit_lies_above_it():
    rule = check(limit={"below": {"warning": -20}}, clear=0.1)
    for value, severity in ((-21, WARNING), (-19, WARNING), (-18, OK)):
        assert one(snapshot([heat(value)]), rule, known={"board": raised(WARNING)}).result.severity is severity


def play(measured: list[Severity], polls: int) -> list[Severity]:
    track, seen = NEVER, []
    for severity in measured:
        up, track = step(track, severity, polls)
        seen.append(up)
    return seen


@pytest.mark.parametrize(
    ("measured", "polls", "expected"),
    [
        ([WARNING, OK, WARNING], 1, [WARNING, OK, WARNING]),
        ([WARNING] * 4, 3, [OK, OK, WARNING, WARNING]),
        ([WARNING, WARNING, OK, WARNING, WARNING], 3, [OK] * 5),
        ([WARNING, CRITICAL, WARNING, CRITICAL], 3, [OK, OK, WARNING, WARNING]),
        ([CRITICAL, WARNING, CRITICAL], 3, [OK, OK, WARNING]),
        ([CRITICAL] * 3 + [WARNING, OK], 3, [OK, OK, CRITICAL, WARNING, OK]),
        ([WARNING] * 2 + [CRITICAL] * 2, 2, [OK, WARNING, WARNING, CRITICAL]),
        ([WARNING] + [CRITICAL] * 3, 3, [OK, OK, WARNING, CRITICAL]),  # the last three were critical
        ([CRITICAL] * 2 + [WARNING] + [CRITICAL] * 3, 3, [OK, OK, WARNING, WARNING, WARNING, CRITICAL]),
        ([WARNING, UNKNOWN, WARNING], 2, [OK, UNKNOWN, WARNING]),
        ([WARNING, WARNING, UNKNOWN, UNKNOWN, OK], 2, [OK, WARNING, WARNING, WARNING, OK]),
        ([UNKNOWN, UNKNOWN, OK], 1, [UNKNOWN, UNKNOWN, OK]),
    ],
)
def test_a_fault_is_raised_when_it_held_long_enough(measured, polls, expected):
    assert play(measured, polls) == expected


severities = st.lists(st.sampled_from(Severity), max_size=20)


@given(severities, st.integers(1, 5))
def test_what_is_raised_is_what_all_of_the_last_polls_reached_or_stays_of_before(measured, polls):
    told, before = [], OK
    for severity in (s for s in measured if s is not UNKNOWN):
        told.append(severity)
        reached = min(told[-polls:]) if len(told) >= polls else OK
        before = min(severity, max(before, reached))
        assert play(told, polls)[-1] is before


@given(severities, st.integers(1, 5))
def test_missing_data_neither_raises_nor_clears(measured, polls):
    told = [s for s in measured if s is not UNKNOWN]
    with_gaps = [up for s, up in zip(measured, play(measured, polls), strict=True) if s is not UNKNOWN]
    assert with_gaps == play(told, polls)


def test_an_inspection_waits_for_no_more_polls_than_it_has():
    first = one(snapshot([heat(55)]), check(**{"for": 5}), cap=2)
    assert first.raised is OK
    assert not first.holds
    second = one(snapshot([heat(55)]), check(**{"for": 5}), cap=2, known={"board": first.track})
    assert second.holds


# ---- objects ----


def test_two_ports_of_one_name_are_told_apart_now_and_later():
    rule = check("mtu", sample="ifMtu", object=["ifName", "ifDescr", "ifIndex"], limit={"above": {"warning": 9000}})
    both = [sample("ifMtu", 1500, ifIndex=str(n), ifName="eth0", ifDescr="eth0", ifAlias="") for n in (1, 2)]
    found = judge(snapshot(both), rule)
    assert said(found).keys() == {"eth0 #1", "eth0 #2"}
    tracks = {j.result.object: j.track for j in found.judged}
    assert said(judge(snapshot(both[1:]), rule, known=tracks)) == {
        "eth0 #1": (UNKNOWN, "missing"),
        "eth0 #2": (OK, ""),
    }


def test_a_new_description_is_no_new_object():
    rule = check("mtu", sample="ifMtu", object=["ifName"], limit={"above": {"warning": 9000}})
    both = [sample("ifMtu", 1500, ifName="eth0", ifAlias=alias) for alias in ("old", "new")]
    assert said(judge(snapshot(both), rule)).keys() == {"eth0"}


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"ifName": "GE1", "ifDescr": "GigabitEthernet1"}, "GE1 in"),
        ({"ifName": "", "ifDescr": "GigabitEthernet1"}, "GigabitEthernet1 in"),
        ({"ifIndex": "7"}, "7 in"),
        ({"ifName": "a\n b"}, "a b in"),
    ],
)
def test_an_object_is_the_first_label_with_text_and_what_qualifies_it(labels, name):
    objects = {"object": ["ifName", "ifDescr", "ifIndex"], "qualify": ["direction"]}
    rule = check("full", sample="if_utilisation_ratio", limit={"above": {"warning": 0.7}}, **objects)
    assert said(judge(snapshot([sample("if_utilisation_ratio", 0, direction="in", **labels)]), rule)).keys() == {name}


def test_of_series_that_nothing_tells_apart_the_worst_speaks():
    states = [
        sample("ups_state", kind="output", state=f"s{n}", health=h) for n, h in enumerate(["ok", "critical", "ok"])
    ]
    rule = check("output", sample="ups_state", object=[], limit={"states": True})
    assert one(snapshot(states), rule).result.text == "s1"


def test_where_chooses_the_series():
    states = [sample("device_state", entity=k, kind=k, state="x", health="critical") for k in ("fan", "disk", "raid")]
    base = {"sample": "device_state", "limit": {"states": True}}
    assert said(judge(snapshot(states), check(where={"kind": ["fan", "disk"]}, **base))).keys() == {"fan", "disk"}
    assert said(judge(snapshot(states), check(where_not={"kind": ["fan"]}, **base))).keys() == {"disk", "raid"}
