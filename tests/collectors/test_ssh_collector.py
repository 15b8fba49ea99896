"""collectors/ssh_collector.py: with sessions of our own, and once over real SSH."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from collectors import profiles, replay
from collectors.errors import (
    AuthFailed,
    BadData,
    CollectError,
    Refused,
    TimedOut,
    Unreachable,
    Unsupported,
    UntrustedHost,
)
from collectors.model import CliSession, Device, DeviceClass, Secret, SnmpAccess, SshAccess
from collectors.profiles.rules import Cli, Profile
from collectors.ssh_collector import SshCollector
from tests.simulator.cli_server import CliServer, known_hosts_line
from tests.simulator.fake_session import FakeSession

CASES = Path(__file__).parent.parent / "devices"
PROFILE = Profile.model_validate(
    {
        "name": "test",
        "metadata": {"device": {"fields": {"vendor": {"value": "Example"}}}},
        "cli": {
            "device_type": "cisco_ios",
            "commands": [
                {
                    "command": "show clock",
                    "regex": r"stratum (?P<stratum>\d+)",
                    "symbols": [{"field": "stratum", "sample": "device_ntp_stratum"}],
                },
                {
                    "command": "show clock",
                    "regex": r"offset (?P<offset>\S+) s",
                    "symbols": [{"field": "offset", "sample": "device_clock_offset_seconds"}],
                },
                {
                    "command": "show extra",
                    "optional": True,
                    "regex": r"unsaved (?P<unsaved>\d)",
                    "symbols": [{"field": "unsaved", "sample": "device_config_unsaved"}],
                },
                {
                    "command": "show uptime",
                    "regex": r"up (?P<seconds>\d+)",
                    "symbols": [{"field": "seconds", "sample": "device_uptime_seconds"}],
                },
            ],
        },
    }
)
ANSWERS: dict[str, str | CollectError] = {
    "show clock": "stratum 3 offset 0.25 s",
    "show extra": "unsaved 0",
    "show uptime": "up 77",
}
ALL = {"device_ntp_stratum", "device_clock_offset_seconds", "device_config_unsaved", "device_uptime_seconds"}


def device(port: int = 22, known_hosts: Path | None = None) -> Device:
    access = SshAccess(username="ops", password=Secret("pw"), port=port, known_hosts=known_hosts)
    return Device(name="sw-1", address="127.0.0.1", device_class=DeviceClass.SWITCH, ssh=access)


def opens(session: CliSession) -> Callable[[Device, Cli], CliSession]:
    return lambda device, cli: session


def fails(error: CollectError) -> Callable[[Device, Cli], CliSession]:
    def open_ssh(device: Device, cli: Cli) -> CliSession:
        raise error

    return open_ssh


async def test_one_session_runs_each_command_once_and_all_of_it_is_read() -> None:
    session = FakeSession(ANSWERS, ["terminal length 0"])
    reading = await SshCollector(opens(session)).read(device(), PROFILE)
    assert {each.name: each.value for each in reading.samples} == {
        "device_ntp_stratum": 3,
        "device_clock_offset_seconds": 0.25,
        "device_config_unsaved": 0,
        "device_uptime_seconds": 77,
    }
    assert reading.cost.commands == ("terminal length 0", "show clock", "show extra", "show uptime")
    assert (reading.answered, reading.failures, reading.expected, session.closed) == (True, (), ALL, 1)


async def test_the_vendor_is_known_by_the_profile() -> None:
    version = {"command": "show version", "regex": "v(?P<v>.*)", "facts": {"os_version": "v"}}
    profile = PROFILE.model_copy(update={"cli": Cli.model_validate({"device_type": "x", "commands": [version]})})
    reading = await SshCollector(opens(FakeSession({"show version": "v1.2"}))).read(device(), profile)
    assert reading.facts == {"vendor": "Example", "os_version": "1.2"}


async def test_an_optional_command_the_device_does_not_have_is_nothing_missing() -> None:
    for answer in ("% Unknown command: show extra", Unsupported("not recorded")):
        reading = await SshCollector(opens(FakeSession(ANSWERS | {"show extra": answer}))).read(device(), PROFILE)
        assert reading.failures == ()
        assert reading.expected == ALL - {"device_config_unsaved"}


async def test_what_snmp_tells_too_is_asked_for_only_where_there_is_no_snmp() -> None:
    assert PROFILE.cli is not None
    *first, last = PROFILE.cli.commands
    cli = PROFILE.cli.model_copy(
        update={"commands": [*first, last.model_copy(update={"without_snmp": True})]},
    )
    profile = PROFILE.model_copy(update={"cli": cli})
    alone, beside = FakeSession(ANSWERS), FakeSession(ANSWERS)
    assert (await SshCollector(opens(alone)).read(device(), profile)).expected == ALL
    both = replace(device(), snmp=SnmpAccess(community=Secret("x")))
    assert (await SshCollector(opens(beside)).read(both, profile)).expected == ALL - {"device_uptime_seconds"}
    assert set(alone.sent) - set(beside.sent) == {"show uptime"}


async def test_another_command_the_device_does_not_have_is_a_failure_and_the_rest_is_read() -> None:
    for answer in ("% Unknown command: show clock", Unsupported("not recorded")):
        reading = await SshCollector(opens(FakeSession(ANSWERS | {"show clock": answer}))).read(device(), PROFILE)
        assert {(each.protocol, each.kind, each.what) for each in reading.failures} == {
            ("ssh", "unsupported", "show clock")
        }
        assert {each.name for each in reading.samples} == {"device_config_unsaved", "device_uptime_seconds"}
        assert reading.expected == ALL


@pytest.mark.parametrize("error", [TimedOut("late"), Unreachable("gone"), BadData("flood"), Refused("asks")])
async def test_after_a_command_that_did_not_end_no_more_are_sent_and_what_came_before_is_kept(
    error: CollectError,
) -> None:
    session = FakeSession(ANSWERS | {"show extra": error}, ["terminal length 0"])
    reading = await SshCollector(opens(session)).read(device(), PROFILE)
    assert session.sent == ["terminal length 0", "show clock", "show extra"]
    assert session.closed == 1
    assert {each.name for each in reading.samples} == {"device_ntp_stratum", "device_clock_offset_seconds"}
    assert [(each.kind, each.what, each.samples) for each in reading.failures] == [
        (error.kind, "show extra", {"device_config_unsaved"}),
        (error.kind, "show uptime", {"device_uptime_seconds"}),
    ]
    assert reading.answered


@pytest.mark.parametrize(
    ("error", "answered"),
    [
        (Unreachable("no route"), False),
        (TimedOut("silent"), False),
        (UntrustedHost("changed"), False),
        (AuthFailed("no"), True),
    ],
)
async def test_a_login_that_fails_says_what_is_missing_and_whether_the_device_answered(
    error: CollectError, answered: bool
) -> None:
    reading = await SshCollector(fails(error)).read(device(), PROFILE)
    assert reading.answered is answered
    assert [(each.protocol, each.kind, each.what, each.samples) for each in reading.failures] == [
        ("ssh", error.kind, "login", ALL)
    ]
    assert reading.expected == ALL


async def test_a_profile_without_commands_is_no_login() -> None:
    for cli in (None, Cli(device_type="linux")):
        reading = await SshCollector(fails(AuthFailed())).read(device(), PROFILE.model_copy(update={"cli": cli}))
        assert (reading.failures, reading.expected, reading.answered) == ((), frozenset(), False)


def test_only_a_device_with_ssh_access_is_read() -> None:
    bare = Device(name="sw-1", address="127.0.0.1", device_class=DeviceClass.SWITCH)
    assert SshCollector().wants(device())
    assert not SshCollector().wants(bare)


REAL = [
    ("huawei_vrp", "ssh_s5735"),
    ("huawei_vrp8", "ssh_yunshan"),
    ("h3c_comware", "ssh_irf"),
    ("cisco_ios", "ssh_c9300"),
    ("cisco_iosxr", "ssh_asr9006"),
    ("frr", "ssh"),
    ("linux", "server"),
    ("cisco_nxos", "ssh_n9k"),
    ("arista_eos", "ssh_7050"),
    ("juniper_junos", "ssh_ex4300"),
    ("fortinet_fortigate", "ssh_fgt100f"),
    ("ruijie_rgos", "ssh_s5750"),
    ("aruba_cx", "ssh_6300_vsf"),
    ("aruba_procurve", "ssh_2930_vsf"),
    ("brocade_fastiron", "ssh_icx7250_stack"),
    ("dell_dnos9", "ssh_s4048"),
    ("mikrotik_routeros", "ssh_v7"),
    ("paloalto_panos", "ssh_pair"),
    ("zte_zxr10", "ssh_m6000"),
]


@pytest.mark.parametrize(("name", "case"), REAL, ids=[name for name, _ in REAL])
async def test_over_ssh_a_profile_reads_what_it_reads_from_its_recorded_case(
    name: str, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.ssh_wire.SETTLE", 0.02)
    profile = profiles.load()[name]
    assert profile.cli is not None
    recorded = replay.read_transcripts(CASES / name / case)
    outputs = {each.command: recorded[each.command.replace("/", "_")] for each in profile.cli.commands}
    async with CliServer(family=name, users={"ops": "pw"}, outputs=dict[str, str | bytes](outputs)) as server:
        (tmp_path / "known_hosts").write_text(known_hosts_line(server))
        over_ssh = await SshCollector().read(device(server.port, tmp_path / "known_hosts"), profile)
    replayed = await SshCollector(opens(replay.ReplaySession(recorded))).read(device(), profile)
    assert over_ssh.samples == replayed.samples
    assert over_ssh.facts == replayed.facts
    assert over_ssh.failures == replayed.failures == ()
    assert over_ssh.samples
    assert server.lines == list(over_ssh.cost.commands)
