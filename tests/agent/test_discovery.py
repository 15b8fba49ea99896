"""Discovery: which addresses are asked with what and how fast, and what is proposed of those that answer."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from agent import cli, discovery, inventory, ways
from agent.discovery import Found, Sweep
from agent.proposal import render
from agent.ways import Way
from collectors import profiles
from collectors.errors import TimedOut
from collectors.model import Device, DeviceClass, Secret, SnmpAccess, SnmpTransport
from collectors.profiles import ProfileSet
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.snmp_agent import OID, Recording, SnmpAgent

FIRST, SECOND, THIRD, NOBODY = (f"127.0.0.{n}" for n in (11, 12, 13, 14))
ALL = (FIRST, SECOND, THIRD, NOBODY)
SYSTEM_GROUP = "1.3.6.1.2.1.1"
V3 = SnmpAccess(version="3", user="ops", auth_protocol="sha256", auth_key=Secret("correct horse"))


def system(name: str) -> Recording:
    """What a switch of Huawei says of itself. sysServices 6: it bridges and routes."""
    base = SYSTEM_GROUP
    oid = (OID, "1.3.6.1.4.1.2011.2.23.1")
    return {f"{base}.1.0": "S5735", f"{base}.2.0": oid, f"{base}.5.0": name, f"{base}.7.0": 6}


async def silent(address: str, port: int, seconds: float) -> str:
    return ""


def looking(profile_set: ProfileSet, *given: Way) -> Sweep:
    return Sweep(ways=given, profiles=profile_set, rate=1000, seconds=0.3, greet=silent)


def community(name: str, port: int) -> Way:
    return Way(name, SnmpAccess(port=port, community=Secret(name), timeout=0.3, retries=3))


async def found_at(how: Sweep, addresses: Iterable[str] = ALL) -> list[Found]:
    return await discovery.sweep(how, addresses, lambda address, found: None)


@pytest.fixture(scope="module")
def profile_set() -> ProfileSet:
    return profiles.load()


@pytest.fixture
async def switch() -> AsyncIterator[SnmpAgent]:
    async with SnmpAgent(system("core 1"), community="blue", address=FIRST) as agent:
        yield agent


@pytest.fixture
async def guarded(switch: SnmpAgent) -> AsyncIterator[SnmpAgent]:
    async with SnmpAgent(system("core 1"), users=[V3], address=SECOND, port=switch.port) as agent:
        yield agent


async def test_each_device_is_found_by_the_credential_it_answers(
    profile_set: ProfileSet, switch: SnmpAgent, guarded: SnmpAgent
) -> None:
    how = looking(profile_set, community("blue", switch.port), Way("v3", replace(V3, port=switch.port)))
    found = await found_at(how)
    assert [(each.address, each.snmp, each.name, each.services) for each in found] == [
        (FIRST, "blue", "core 1", 6),
        (SECOND, "v3", "core 1", 6),
    ]


async def test_a_device_whose_services_are_no_number_is_found_beside_the_others(
    profile_set: ProfileSet, switch: SnmpAgent
) -> None:
    odd = {**system("odd"), f"{SYSTEM_GROUP}.7.0": "bridge"}
    async with SnmpAgent(odd, community="blue", address=SECOND, port=switch.port):
        found = await found_at(looking(profile_set, community("blue", switch.port)))
    assert [(each.name, each.services) for each in found] == [("core 1", 6), ("odd", None)]


async def test_an_address_that_cannot_be_looked_at_costs_the_others_nothing(
    profile_set: ProfileSet, switch: SnmpAgent, caplog: pytest.LogCaptureFixture
) -> None:
    async def greet(address: str, port: int, seconds: float) -> str:
        if address == SECOND:
            raise LookupError("unforeseen")
        return ""

    told: list[str] = []
    how = replace(looking(profile_set, community("blue", switch.port)), greet=greet)
    found = await discovery.sweep(how, [SECOND, FIRST], lambda address, there: told.append(address))
    assert [each.name for each in found] == ["core 1"]
    assert sorted(told) == [FIRST, SECOND]
    assert f"{SECOND}: a fault of ours" in caplog.text


async def test_a_credential_is_tried_once_whatever_its_retries(profile_set: ProfileSet, switch: SnmpAgent) -> None:
    given = (community("red", switch.port), community("green", switch.port))
    assert await found_at(looking(profile_set, *given), [FIRST]) == []
    assert switch.requests == 2


async def test_after_a_refused_v3_user_nothing_more_is_tried(profile_set: ProfileSet, guarded: SnmpAgent) -> None:
    wrong = replace(V3, port=guarded.port, auth_key=Secret("wrong horse"))
    right = Way("right", replace(V3, port=guarded.port))
    (found,) = await found_at(looking(profile_set, Way("wrong", wrong), right), [SECOND])
    assert (found.snmp, found.refused.partition(":")[0]) == (None, "wrong")
    assert "horse" not in found.refused
    assert guarded.requests <= 2  # the engine's discovery, and the one try


async def test_a_closed_port_is_not_asked_again(profile_set: ProfileSet) -> None:
    asked: list[str] = []

    async def closed(device: Device) -> SnmpTransport:
        assert device.snmp is not None
        assert device.snmp.community is not None
        asked.append(device.snmp.community.reveal())
        raise discovery.Unreachable("closed")

    given = (community("a", 161), community("b", 161), community("c", 1161))
    await found_at(replace(looking(profile_set, *given), open_snmp=closed), [FIRST])
    assert asked == ["a", "c"]


def test_addresses_are_asked_at_the_given_rate_and_few_at_a_time(profile_set: ProfileSet) -> None:
    began: list[float] = []
    here: list[int] = [0]

    async def slow(device: Device) -> SnmpTransport:
        began.append(asyncio.get_running_loop().time())
        here.append(here[-1] + 1)
        await asyncio.sleep(2.0)
        here.append(here[-1] - 1)
        raise TimedOut

    how = replace(looking(profile_set, community("a", 161)), rate=50.0, in_flight=20, open_snmp=slow)
    with asyncio.Runner(loop_factory=IdleLoop) as runner:
        runner.run(found_at(how, [f"10.0.0.{n}" for n in range(1, 41)]))
    assert (len(began), max(here)) == (40, 20)
    assert began[19] - began[0] == pytest.approx(19 / 50, abs=0.01)


@pytest.mark.parametrize(
    ("greeting", "ssh", "profile"),
    [
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2", "login", "linux"),
        ("SSH-2.0-Cisco-1.25", "login", "cisco_ios"),
        ("SSH-2.0-unheard-of", "login", None),
        ("", None, None),
    ],
)
async def test_a_device_with_ssh_only_is_given_a_profile(
    profile_set: ProfileSet, greeting: str, ssh: str | None, profile: str | None
) -> None:
    async def greets(address: str, port: int, seconds: float) -> str:
        return greeting if port == 2222 else ""

    how = replace(looking(profile_set, Way("login", ssh_port=2222)), greet=greets)
    found = await found_at(how, [THIRD])
    assert [each.ssh for each in found] == ([ssh] if ssh else [])
    proposed = discovery.propose(found, [], profile_set, "{name}")
    assert [each.keys.get("profile") for each in proposed] == ([profile] if ssh else [])


@pytest.mark.parametrize(
    ("lines", "words"), [(b"hello\r\nSSH-2.0-X\x1b[2J\r\n", "SSH-2.0-X"), (b"HTTP/1.1 400\r\n", ""), (b"", "")]
)
async def test_the_ssh_greeting_is_read_and_nothing_is_sent(lines: bytes, words: str) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(lines)
        writer.write_eof()
        heard.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(serve, THIRD, 0) as server:
        said = await discovery.greeting(THIRD, server.sockets[0].getsockname()[1], 1.0)
        await asyncio.sleep(0.01)
    assert said.startswith(words)
    assert "\x1b" not in said
    assert bool(said) == bool(words)
    assert heard == [b""]


async def test_an_address_without_ssh_has_no_greeting() -> None:
    assert await discovery.greeting(NOBODY, 9, 0.5) == ""


# ---- what is proposed ----


@pytest.mark.parametrize(
    ("profile", "services", "guess"),
    [
        ("huawei_vrp", 6, DeviceClass.SWITCH),
        ("huawei_vrp", 4, DeviceClass.ROUTER),
        ("apc_ups", 72, DeviceClass.UPS),
        ("generic", 78, DeviceClass.SWITCH),
        ("generic", 76, DeviceClass.ROUTER),
        ("generic", 72, DeviceClass.SERVER),
        ("generic", None, DeviceClass.SERVER),
    ],
)
def test_the_class_is_guessed(profile_set: ProfileSet, profile: str, services: int | None, guess: DeviceClass) -> None:
    found = Found(FIRST, snmp="a", services=services, profile=profile_set[profile])
    assert discovery.guess_class(found) is guess


def test_names_are_made_valid_and_unique_and_said_to_be_the_same(profile_set: ProfileSet) -> None:
    given = ["core 1!", "core 1!", "核心", "taken"]
    found = [Found(f"10.0.0.{n}", snmp="a", name=name) for n, name in enumerate(given)]
    proposed = discovery.propose(found, ["taken"], profile_set, "same as {name}")
    assert [each.keys["name"] for each in proposed] == ["core-1", "core-1-2", "device-10.0.0.2", "taken-2"]
    assert [each.note for each in proposed] == ["", "same as core-1", "", ""]


def test_what_a_device_says_cannot_break_the_yaml(profile_set: ProfileSet) -> None:
    found = Found(FIRST, snmp="a", name="x\n- {name: y}", descr="1\ndevices: []\x1b[2J\u202e")
    text = render(discovery.propose([found], [], profile_set, ""))
    assert text.splitlines()[0] == "devices:"
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text
    assert "\u202e" not in text


# ---- which addresses ----


@pytest.mark.parametrize(
    ("given", "size"),
    [
        (["10.0.0.0/30"], 4),
        (["10.0.0.7/24", "10.0.0.0/25"], 256),
        (["10.0.0.1", "10.0.0.1"], 1),
        (["2001:db8::/126", "10.0.0.0/8"], 2**24 + 4),
    ],
)
def test_networks_that_overlap_count_once(given: list[str], size: int) -> None:
    assert discovery.size(discovery.networks(given)) == size


@pytest.mark.parametrize("given", ["core-1", "10.0.0.0/33", "224.0.0.0/8", "0.0.0.0/0", ""])
def test_what_is_no_network_of_devices_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="right form"):
        discovery.networks([given])


async def test_known_addresses_are_left_out() -> None:
    known = await discovery.known_addresses(["10.0.0.2", "no.such.name.invalid"])
    assert list(discovery.addresses(discovery.networks(["10.0.0.0/29"]), known)) == [
        f"10.0.0.{n}" for n in (1, 3, 4, 5, 6)
    ]


# ---- the command ----

INVENTORY = """
defaults: {{snmp: {{timeout: 1s, community: env:NP_OTHER}}}}
credentials:
  blue: {{snmp: {{port: {port}, community: env:NP_BLUE}}}}
  unset: {{snmp: {{community: env:NP_UNSET}}}}
  login: {{ssh: {{username: ops, password: env:NP_BLUE, port: 9}}}}
  ups: {{nut: {{ups: eaton}}}}
devices: [{{name: core-1, address: 127.0.0.12, class: switch, credentials: [blue]}}]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {"NP_BLUE": "blue", "NP_OTHER": "other", "NETPATROL_LANG": "en"}.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "inventory.yaml"
    listening(path, 1161)
    return path


def listening(path: Path, port: int) -> None:
    path.write_text(INVENTORY.format(port=port), encoding="utf-8")


def test_only_the_named_credentials_are_resolved(site: Path) -> None:
    blue, login = ways.load(site, ["blue", "login"], {"NP_BLUE": "blue"})
    assert blue.snmp is not None
    assert (blue.snmp.community, blue.snmp.timeout, blue.ssh_port) == (Secret("blue"), 1.0, None)
    assert (login.snmp, login.ssh_port) == (None, 9)


def test_the_command_prints_entries_that_the_inventory_takes(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def discovered() -> int:
        async with SnmpAgent(system("core-1"), community="blue", address=FIRST) as agent:
            listening(site, agent.port)
            arguments = ["discover", "127.0.0.8/29", "--credentials", "blue", "-i", str(site)]
            return await asyncio.to_thread(cli.run, arguments)

    assert asyncio.run(discovered()) == 0
    out, err = capsys.readouterr()
    assert f"{FIRST} core-1" in err
    site.write_text(site.read_text("utf-8").partition("devices:")[0] + out, encoding="utf-8")
    (entry,) = inventory.load(site).entries.values()
    assert (entry.name, entry.device.address, entry.device.device_class) == ("core-1-2", FIRST, DeviceClass.SWITCH)
    assert entry.device.snmp is not None
    assert entry.device.snmp.community == Secret("blue")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["10.0.0.0/15", "--credentials", "blue"], "131072 addresses, more than 65536 (a /16): add --yes"),
        (["10.0.0.0/33", "--credentials", "blue"], "10.0.0.0/33: is not a network (right form: 10.0.0.0/24)"),
        (["10.0.0.0/24", "--credentials", "nobody"], "no credential 'nobody' to try (known: blue, unset, login, ups)"),
        (["10.0.0.0/24", "--credentials", "ups"], "credentials.ups.nut: is not tried: discovery speaks snmp and ssh"),
        (["10.0.0.0/24", "--credentials", "unset"], "NP_UNSET"),
        (["10.0.0.0/24"], "--credentials"),
    ],
)
def test_a_mistake_is_one_clear_line(
    site: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["discover", *arguments, "-i", str(site)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
