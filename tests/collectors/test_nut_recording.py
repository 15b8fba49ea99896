"""A UPS recorded through upsd: nothing of the customer is in it, and it plays as the server did."""

from pathlib import Path

import pytest

from collectors import nut_decode, nut_recording, profiles, recording, replay, yamlfile
from collectors.errors import Stale
from collectors.profiles.rules import Nut
from tests.collectors.played_cases import lines
from tests.simulator.idle_loop import IdleLoop
from tests.simulator.upsd import Upsd

LOOP = IdleLoop
RULES = profiles.load()["nut"].nut or Nut()
SAID = {
    "device.type": "ups",
    "device.mfr": "EATON",
    "device.model": "9PX 3000",
    "device.serial": "G123A45678",
    "ups.serial": "G123A45678",
    "ups.id": "bank-vault-ups",
    "device.contact": "Zhang 13800000000",
    "device.location": "三楼 机房",
    "device.description": "G123A45678 in 三楼 机房",
    "device.macaddr": "00:20:85:aa:bb:cc",
    "driver.name": "snmp-ups",
    "driver.parameter.community": "s3cr3t-blue",
    "driver.parameter.port": "10.20.30.40",
    "driver.flag.ignorelb": "enabled",
    "server.info": "upsd of bank",
    "experimental.card": "card at 10.20.30.41, mac 00-20-85-AA-BB-CC, bank-vault-ups, user monitor-7",
    "outlet.1.desc": "Core switch",
    "outlet.1.id": "1",
    "outlet.1.status": "on",
    "ups.status": "OL CHRG",
    "battery.charge": "97",
}
PERSONAL = [
    "G123A",
    "vault",
    "Zhang",
    "138000",
    "三楼",
    "20:85",
    "20-85",
    "s3cr3t",
    "10.20.30",
    "bank",
    "Core",
    "monitor-7",
]


async def test_a_recording_has_nothing_of_the_customer_and_plays_the_same(tmp_path: Path) -> None:
    async with Upsd({"eaton": SAID}) as server:
        variables = await nut_recording.hear(server.device(ups="eaton"))
    assert variables == SAID
    case = nut_recording.case(RULES, variables, secrets=["monitor-7", "s3cr3t-blue"])
    recording.write(case, tmp_path / "case")
    kept = replay.read_variables(tmp_path / "case" / "variables.dev")
    assert not [words for words in PERSONAL if words in case.walk.decode() + case.expected]
    assert case.changed == ()
    played, said = (nut_decode.decode(RULES, each) for each in (kept, SAID))
    assert lines(played.samples) == lines(said.samples)
    expected = yamlfile.read(tmp_path / "case" / "expected.yaml").data
    assert expected["samples"].splitlines() == lines(played.samples)
    assert expected["facts"] == dict(played.facts)


def test_the_same_text_has_the_same_stand_in_and_the_words_of_nut_stay() -> None:
    kept = nut_recording.redact(SAID | {"device.type": "ups"}, secrets=["ups", "OL"])
    assert kept["device.serial"] == kept["ups.serial"] != "G123A45678"
    assert kept["device.serial"].startswith("SN")
    assert len(kept["device.serial"]) == len("G123A45678")
    assert (kept["device.type"], kept["ups.status"]) == ("ups", "OL CHRG")
    assert (kept["outlet.1.id"], kept["battery.charge"]) == ("1", "97")


async def test_a_ups_that_does_not_answer_is_not_recorded() -> None:
    async with Upsd({"eaton": SAID}, says={"LIST VAR eaton": b"ERR DATA-STALE\n"}) as server:
        with pytest.raises(Stale, match="no fresh data"):
            await nut_recording.hear(server.device(ups="eaton"))


def test_a_case_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "variables.dev").write_text("ups.status: OL\n", encoding="utf-8")
    with pytest.raises(FileExistsError):
        recording.write(nut_recording.case(RULES, SAID), tmp_path)


def test_a_file_that_upsc_printed_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "variables.dev"
    file.write_bytes(b"# by hand\nups.status: OL\nups.time: 12:34\n\nno colon\nups.mfr:  APC \n")
    assert replay.read_variables(file) == {"ups.status": "OL", "ups.time": "12:34", "ups.mfr": "APC"}
