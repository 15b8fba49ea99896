"""What an inspection says of a UPS that only upsd speaks for: the built-in checks on what the server says."""

from pathlib import Path

import pytest

from agent import checks
from agent.judging import judge
from agent.model import Entry, Severity
from collectors import replay
from collectors.gather import build, gather
from tests.simulator.fake_collectors import NOW
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.upsd import PROFILES, Upsd

LOOP = IdleLoop
CASES = Path(__file__).parents[1] / "devices" / "nut"
CHECKS = checks.load()
OK, WARNING, CRITICAL, UNKNOWN = Severity
SUPPLY = ("ups_output_source", "ups_battery_status", "ups_battery_charge", "ups_load", "ups_runtime")


async def judged(server: Upsd) -> dict[str, tuple[Severity, str, str]]:
    """Read the server's UPS once and judge it; return the worst of each check: severity, reason, words."""
    device = server.device(ups="eaton")
    snapshot = await gather(device, profiles=PROFILES, collectors=build(), now=lambda: NOW)
    found = judge(CHECKS, Entry(device=device), snapshot, previous=None, tracks={}, polls_cap=1)
    worst: dict[str, tuple[Severity, str, str]] = {}
    for result in sorted((each.result for each in found.judged), key=lambda result: result.severity.rank):
        worst[result.check] = (result.severity, result.reason, result.detail)
    return worst


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (
            "usb-online",
            dict.fromkeys((*SUPPLY, "reachability", "ups_alarms", "ups_faults", "ups_battery_voltage"), OK),
        ),
        (
            "three-phase",
            {
                "ups_output_source": WARNING,  # on bypass
                "ups_self_test": OK,
                "ups_imbalance": CRITICAL,
                "ups_temperature": OK,
            },
        ),
        (
            "on-battery-low",
            {
                **dict.fromkeys(SUPPLY, CRITICAL),
                "ups_input_voltage": CRITICAL,
                "ups_self_test": CRITICAL,
                "ups_faults": CRITICAL,
                "ups_alarms": WARNING,
            },
        ),
    ],
)
async def test_a_case_is_judged_as_any_other_ups(case: str, expected: dict[str, Severity]) -> None:
    variables = replay.read_variables(CASES / case / "variables.dev")
    async with Upsd({"eaton": variables}) as server:
        found = await judged(server)
    assert {name: found[name][0] for name in expected} == expected
    assert "unsupported" not in {reason for _, reason, _ in found.values()}


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        ("DATA-STALE", "stale", "its driver lost the UPS"),
        ("DRIVER-NOT-CONNECTED", "stale", "has no driver for UPS 'eaton'"),
        ("ACCESS-DENIED", "auth", "refuses to answer without a login"),
    ],
)
async def test_a_ups_the_server_says_nothing_of_is_unknown_with_the_reason_and_never_ok(
    error: str, reason: str, words: str
) -> None:
    async with Upsd({"eaton": {}}, says={"LIST VAR eaton": f"ERR {error}\n".encode()}) as server:
        found = await judged(server)
    assert {severity for severity, _, _ in found.values()} == {UNKNOWN}
    for name in ("reachability", *SUPPLY):
        assert found[name][1] == reason
        assert words in found[name][2]
