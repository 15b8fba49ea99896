"""Reading a UPS through upsd: what is asked, what comes back, and what the server refuses."""

import pytest

from collectors.gather import build, gather
from collectors.model import Device, DeviceClass, NutAccess, Reading, Secret, Snapshot
from collectors.nut import NutCollector
from collectors.profiles.rules import Profile
from tests.simulator.fake_collectors import NOW
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.upsd import PROFILES, Upsd, figures, only, read

LOOP = IdleLoop
EATON = {"device.mfr": "EATON", "ups.status": "OL CHRG", "battery.charge": "97", "ups.load": "23"}
UPS = {"eaton": EATON}


# ---- what is asked ----


async def test_a_named_ups_is_asked_for_its_variables_and_nothing_else() -> None:
    async with Upsd(UPS) as server:
        reading = await read(server, ups="eaton")
    assert server.heard == ["LIST VAR eaton", "LOGOUT"]
    assert reading.cost.commands == ("LIST VAR eaton",)
    assert (reading.answered, reading.failures) == (True, ())
    assert reading.facts == {"vendor": "EATON"}
    assert figures(reading) == {
        "ups_state": 1,
        "ups_alarms": 0,
        "ups_battery_charge_ratio": 0.97,
        "ups_load_ratio": 0.23,
    }


async def test_the_only_ups_of_a_server_needs_no_name() -> None:
    async with Upsd(UPS) as server:
        reading = await read(server)
    assert server.heard == ["LIST UPS", "LIST VAR eaton", "LOGOUT"]
    assert reading.facts == {"vendor": "EATON"}


async def test_a_login_is_sent_as_words_whatever_is_in_it_and_is_not_in_the_cost() -> None:
    password = 'p"a\\ss w'
    async with Upsd(UPS, users={"ops team": password}) as server:
        reading = await read(server, ups="eaton", username="ops team", password=Secret(password))
    assert server.heard[:2] == ['USERNAME "ops team"', 'PASSWORD "p\\"a\\\\ss w"']
    assert reading.answered
    assert reading.cost.commands == ("USERNAME", "PASSWORD", "LIST VAR eaton")


@pytest.mark.parametrize("password", ["x\nFSD eaton", "x\rSET VAR eaton ups.id x", "x\0"])
async def test_a_password_cannot_bring_a_command_along(password: str) -> None:
    async with Upsd(UPS) as server:
        reading = await read(server, ups="eaton", username="ops", password=Secret(password))
    assert not [line for line in server.heard if line.startswith(("FSD", "SET", "PASSWORD"))]
    assert "line break" in only(reading).message


def test_only_devices_with_access_are_asked() -> None:
    plain = Device(name="a", address="a", device_class=DeviceClass.UPS)
    assert not NutCollector().wants(plain)
    assert NutCollector().wants(Device(name="a", address="a", device_class=DeviceClass.UPS, nut=NutAccess()))


async def test_a_profile_without_rules_for_variables_asks_nothing() -> None:
    async with Upsd(UPS) as server:
        assert await NutCollector().read(server.device(), Profile(name="bare")) == Reading()
    assert server.heard == []


# ---- what comes back ----


@pytest.mark.parametrize("chunk", [1, 7])
async def test_an_answer_may_come_in_any_pieces(chunk: int) -> None:
    async with Upsd(UPS, chunk=chunk) as server:
        assert (await read(server, ups="eaton")).facts == {"vendor": "EATON"}


async def test_quotes_backslashes_hanzi_and_controls_in_a_text_are_read_as_meant() -> None:
    hostile = {**EATON, "ups.model": 'A "B" \\ 机房\x1b[31m', "ups.id": "<b>\u202e"}
    async with Upsd({"eaton": hostile}) as server:
        reading = await read(server, ups="eaton")
    assert reading.facts["model"] == 'A "B" \\ 机房[31m'
    assert reading.facts["sys_name"] == "<b>"


async def test_text_in_gbk_is_read_too() -> None:
    answer = b'BEGIN LIST VAR eaton\nVAR eaton ups.mfr "' + "华为".encode("gb18030") + b'"\nEND LIST VAR eaton\n'
    async with Upsd(says={"LIST VAR eaton": answer}) as server:
        assert (await read(server, ups="eaton")).facts == {"vendor": "华为"}


@pytest.mark.parametrize(
    "strange",
    [
        'VAR other ups.load "1"',
        'VAR eaton ups.load "1',
        'VAR eaton ../x "1"',
        "VAR eaton ups.load",
        "\x07" * 50,
        "",
        "OK",
    ],
)
async def test_a_line_that_is_none_of_the_list_costs_no_other_and_is_told(strange: str) -> None:
    answer = f'BEGIN LIST VAR eaton\n{strange}\nVAR eaton battery.charge "50"\nEND LIST VAR eaton\n'
    async with Upsd(says={"LIST VAR eaton": answer.encode()}) as server:
        reading = await read(server, ups="eaton")
    assert figures(reading) == {"ups_battery_charge_ratio": 0.5}
    failure = only(reading)
    assert (failure.kind, reading.answered) == ("bad_data", True)
    assert "1 lines that are none of the list" in failure.message


# ---- what the server refuses ----


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("DATA-STALE", "stale", "no fresh data of UPS 'eaton' (DATA-STALE)"),
        ("DRIVER-NOT-CONNECTED", "stale", "no driver for UPS 'eaton' (DRIVER-NOT-CONNECTED)"),
        ("ACCESS-DENIED", "auth", "refuses to answer without a login (ACCESS-DENIED)"),
        ("USERNAME-REQUIRED", "auth", "right form: nut: {username: …, password: env:NP_NUT}"),
        ("PASSWORD-REQUIRED", "auth", "PASSWORD-REQUIRED"),
        ("INVALID-ARGUMENT", "refused", "answers 'ERR INVALID-ARGUMENT'"),
        ("", "refused", "answers 'ERR'"),
        ("X" * 300 + "\x1b[2J", "refused", "…"),
    ],
)
async def test_an_error_has_its_kind_and_is_one_clear_line(error: str, kind: str, words: str) -> None:
    async with Upsd(UPS, says={"LIST VAR eaton": f"ERR {error}\n".encode()}) as server:
        reading = await read(server, ups="eaton")
    failure = only(reading)
    assert failure.kind == kind
    assert words in failure.message
    assert "\x1b" not in failure.message
    assert (reading.answered, reading.samples) == (False, ())


@pytest.mark.parametrize("variables", [{}, {"ups.status": "WAIT"}])
async def test_a_ups_that_its_driver_has_not_read_yet_is_not_taken_for_read(variables: dict[str, str]) -> None:
    async with Upsd({"eaton": variables}) as server:
        reading = await read(server, ups="eaton")
    assert (only(reading).kind, reading.answered) == ("stale", False)


async def test_a_login_that_is_refused_is_told_without_its_password() -> None:
    async with Upsd(UPS, users={"ops": "right"}) as server:
        reading = await read(server, ups="eaton", username="ops", password=Secret("hunter2"))
    failure = only(reading)
    assert failure.kind == "auth"
    assert "refuses the login (ACCESS-DENIED): compare upsd.users there" in failure.message


async def test_a_server_that_repeats_the_password_does_not_get_it_into_a_message() -> None:
    async with Upsd(UPS, says={'PASSWORD "hunter2"': b"ERR bad hunter2\n"}) as server:
        reading = await read(server, ups="eaton", username="ops", password=Secret("hunter2"))
    assert "hunter2" not in only(reading).message
    assert "***" in only(reading).message


@pytest.mark.parametrize(
    ("ups", "named", "words"),
    [
        ({}, None, "has no UPS: none is configured there"),
        ({"a": {}, "b": {}}, None, "has 2 UPS: name one (right form: nut: {ups: a}, of a, b)"),
        ({"a": {}, "b": {}}, "c", "has no UPS 'c' (UNKNOWN-UPS) (right form: nut: {ups: a}, of a, b)"),
        ({}, "c", "has no UPS 'c' (UNKNOWN-UPS) (it has none)"),
        ({f"u{n}": {} for n in range(30)}, None, "u19 … (30)"),
    ],
)
async def test_a_ups_that_is_not_there_or_not_clear_is_told_with_those_that_are(
    ups: dict[str, dict[str, str]], named: str | None, words: str
) -> None:
    async with Upsd(ups) as server:
        failure = only(await read(server, ups=named))
    assert failure.kind == "unsupported"
    assert words in failure.message


async def test_a_ups_whose_name_is_a_command_is_not_asked_for() -> None:
    answer = b'BEGIN LIST UPS\nUPS "a\\nFSD a" "x"\nUPS "a b" "x"\nEND LIST UPS\n'
    async with Upsd(says={"LIST UPS": answer}) as server:
        reading = await read(server)
    assert server.heard == ["LIST UPS", "LOGOUT"]
    assert not reading.answered


# ---- among the other protocols ----


async def snapshot(device: Device) -> Snapshot:
    return await gather(device, profiles=PROFILES, collectors=build(), now=lambda: NOW)


async def test_a_device_that_only_upsd_speaks_for_has_the_profile_of_its_variables() -> None:
    async with Upsd(UPS) as server:
        found = await snapshot(server.device())
    assert (found.profile, found.up, found.failures) == ("nut", True, ())
    assert figures(found)["device_up"] == 1


async def test_a_ups_that_upsd_has_lost_is_neither_up_nor_down() -> None:
    async with Upsd(UPS, says={"LIST VAR eaton": b"ERR DATA-STALE\n"}) as server:
        found = await snapshot(server.device())
    (failure,) = found.failures
    assert found.samples == ()
    assert failure.samples >= {"device_up", "ups_state", "ups_battery_charge_ratio"}
