"""What of an inventory is unwise is warned of, and what is a likely slip is refused."""

from pathlib import Path

import pytest

from collectors.yamlfile import Problem, YamlError
from tests.agent.inventories import entry, load


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("devices: []", ["1: devices: there is no device to inspect"]),
        (
            "devices:\n  - {name: a, address: 10.0.0.1, class: ups}\n  - {name: b, address: 10.0.0.2, class: ups}",
            ["2: devices[0]: has no snmp, ssh or nut, and is only pinged: a, b"],
        ),
        (
            "devices:\n" + "".join(f"  - {{name: d{n}, address: 10.0.0.{n}, class: ups}}\n" for n in range(1, 10)),
            ["2: devices[0]: has no snmp, ssh or nut, and is only pinged: d1, d2, d3, d4, d5 … (9 devices)"],
        ),
        (
            "devices:\n  - {name: a, address: a, class: ups, snmp: {community: file:open.txt}}",
            [
                "2: devices[0].snmp.community: file:open.txt can be read by every user of this machine"
                " (right form: chmod 600)"
            ],
        ),
        (
            "contracts:\n  - {name: a, calendar: 5x8, levels: {1: {fix: 1d, response: 8h}}}\n"
            "  - {name: b, levels: {1: {fix: 3d}}}\n"
            "devices: [{name: a, class: ups, local: true}]",
            [
                "2: contracts[0].levels.1.fix: is 24 hours of service in this calendar,"
                " which is more than one working day"
            ],
        ),
        ("devices: [{name: a, address: a, class: ups, icmp: true}]", []),
    ],
)
def test_what_is_unwise_is_warned_of(text: str, warned: list[str], tmp_path: Path) -> None:
    (tmp_path / "open.txt").write_text("secret")
    (tmp_path / "open.txt").chmod(0o644)
    warnings: list[Problem] = []
    load(tmp_path, text, warn=warnings.append)
    assert [f"{problem.line}: {problem.key}: {problem.message}" for problem in warnings] == warned


def test_warnings_go_to_the_log_unless_asked_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    load(tmp_path, "devices: []")
    assert "inventory.yaml:1: devices: there is no device to inspect" in caplog.text


def test_an_error_says_nothing_of_what_is_only_unwise(tmp_path: Path) -> None:
    warnings: list[Problem] = []
    with pytest.raises(YamlError):
        load(tmp_path, "devices: [{name: a, address: 10.0.0.1, class: ups}, {name: b}]", warn=warnings.append)
    assert warnings == []


@pytest.mark.parametrize(
    ("limit", "said"),
    [("80", "is a share of 1 here (right form: 0.8, or 80%)"), ("80%", None), ("1.2", None)],
)
def test_percents_as_plain_numbers_are_refused_for_ratios(limit: str, said: str | None, tmp_path: Path) -> None:
    from agent.checks.rules import Check, Limit

    check = Check.model_validate(
        {
            "name": "cpu",
            "id": "NET-01",
            "title": {"zh": "处理器", "en": "CPU"},
            "sample": "device_cpu_ratio",
            "limit": Limit.model_validate({"above": {"warning": 0.8}}),
            "unit": "ratio",
            "source": "test",
            "cause": {"zh": "忙", "en": "busy"},
            "advice": {"zh": "等", "en": "wait"},
        }
    )
    try:
        entry(tmp_path, f"limits: {{cpu: {{warning: {limit}}}}}", checks={"cpu": check})
        found = None
    except YamlError as error:
        found = error.problems[0].message
    assert found == said
