"""One device's backup: what is kept, what it tells, and what it tells when it goes wrong."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.configs.backup import (
    AGE,
    BACKED_UP,
    DRIFT,
    FOLDER,
    ITEM,
    KEY_FILE,
    NO_SITE,
    RAW_FOLDER,
    UNSAVED,
    Backup,
    Keeper,
)
from agent.configs.round import Round, joined
from agent.model import Customer, Entry, Site, Text
from collectors import configs, profiles
from collectors.errors import CollectError, TimedOut, Unreachable
from collectors.gather import Bounds
from collectors.model import Cost, Device, DeviceClass, Secret, Snapshot, SshAccess
from tests.simulator.fake_session import RUNNING, STARTUP, FakeSession

PROFILES = profiles.load()
KEPT = (Path(__file__).parent.parent / "data" / "configs" / "vrp.txt").read_text("utf-8")
SITE = Site(name="hq", title=Text("总部", "HQ"), customer=Customer(name="acme", title=Text("甲", "Acme")))
ENTRY = Entry(
    device=Device(name="core-1", address="192.0.2.1", device_class=DeviceClass.SWITCH, ssh=SshAccess(username="ops")),
    site=SITE,
)
SECRETS = ("Rm6=Pb+Nd4", "Ek2-Oy8", "Vh5Nf(Gc1)")  # parts of those in KEPT
ITEMS = {f"{ITEM}:{item}" for item in configs.load("vrp").items}
DAY = timedelta(days=1)


class Desk:
    """A keeper, its device, and a clock that someone sets."""

    def __init__(self, folder: Path, key: Secret | None = None) -> None:
        self.folder, self.now = folder, datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        self.answers: dict[str, str | CollectError] = {RUNNING: KEPT, STARTUP: KEPT}
        self.sessions: list[FakeSession] = []
        folder.mkdir(exist_ok=True)
        (folder / KEY_FILE).write_bytes(bytes(range(32)))  # always the same, so that no two marks are equal by chance
        self.keeper = replace(Keeper.of(folder, key, lambda: self.now), open_ssh=self.open)

    def open(self, *_: object) -> FakeSession:
        self.sessions.append(FakeSession(self.answers))
        return self.sessions[-1]

    async def back_up(self, *, inspecting: bool = True, saved_told: bool = False, later: timedelta = DAY) -> Backup:
        self.now += later
        cli = PROFILES["huawei_vrp"].cli
        assert cli is not None
        return await self.keeper.back_up(ENTRY, cli, reason="Run: 7", inspecting=inspecting, saved_told=saved_told)

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def told(backup: Backup) -> dict[str, float]:
    return {sample.name: sample.value for sample in backup.reading.samples if sample.name != ITEM}


def told_items(backup: Backup) -> Mapping[str, float]:
    return {sample.labels["item"]: sample.value for sample in backup.reading.samples if sample.name == ITEM}


async def test_the_first_backup_keeps_the_masked_text_and_has_nothing_to_compare_with(desk):
    backup = await desk.back_up()
    kept = (desk.folder / FOLDER / "hq" / "core-1").read_text("utf-8")
    assert [line for line in kept.splitlines() if "<masked:" not in line] == [
        line for line in KEPT.splitlines() if not any(secret in line for secret in SECRETS)
    ]
    assert not any(secret in kept for secret in SECRETS)
    assert told(backup) == {AGE: 0, UNSAVED: 0}
    assert backup.reading.expected == {BACKED_UP, UNSAVED, *ITEMS}
    assert told_items(backup)["telnet"] == 0
    assert backup.saved is not None
    assert desk.keeper.archive(ENTRY).versions("core-1")[0].message == "core-1: configuration\n\nRun: 7"


async def test_a_change_is_told_with_its_diff_until_a_day_has_gone_by(desk):
    await desk.back_up()
    desk.answers[RUNNING] = KEPT.replace("undo http server enable", "http server enable")
    changed = await desk.back_up()
    assert told(changed)[DRIFT] == 2
    assert changed.details[DRIFT].splitlines()[2:4] == ["-undo http server enable", "+http server enable"]
    again = await desk.back_up(later=timedelta(hours=1))
    assert (told(again)[DRIFT], again.details[DRIFT]) == (2, changed.details[DRIFT])
    assert again.saved is not None
    assert again.saved.commit is None
    assert told(await desk.back_up(later=2 * DAY))[DRIFT] == 0


async def test_a_changed_secret_is_a_change_and_is_not_shown(desk):
    await desk.back_up()
    desk.answers[RUNNING] = KEPT.replace("Ek2-Oy8", "Zk2-Oy9")
    changed = await desk.back_up()
    assert told(changed)[DRIFT] == 2
    assert "<masked:" in changed.details[DRIFT]
    assert "-Oy" not in changed.details[DRIFT]


async def test_what_changes_by_itself_is_no_change(desk):
    await desk.back_up()
    desk.answers[RUNNING] = "!Last configuration was updated at 2026-03-02 09:12:44+08:00 by ops\n" + KEPT
    again = await desk.back_up()
    assert told(again)[DRIFT] == 0
    assert again.saved is not None
    assert again.saved.commit is None


async def test_a_backup_by_hand_takes_no_change_from_the_next_inspection(desk):
    await desk.back_up()
    desk.answers[RUNNING] = KEPT.replace("sysname core-1", "sysname core-9")
    assert DRIFT not in told(await desk.back_up(inspecting=False))
    assert told(await desk.back_up(later=10 * DAY))[DRIFT] == 1


async def test_what_is_not_saved_is_told_with_its_diff(desk):
    desk.answers[STARTUP] = KEPT.replace("sysname core-1", "sysname old")
    backup = await desk.back_up()
    assert told(backup)[UNSAVED] == 1
    assert "+sysname core-1" in backup.details[UNSAVED]


async def test_a_device_with_nothing_saved_is_told_to_be_unsaved(desk):
    desk.answers[STARTUP] = "The configuration file does not exist."
    backup = await desk.back_up()
    assert (told(backup)[UNSAVED], backup.reading.failures) == (1, ())


async def test_a_device_that_says_itself_whether_it_is_saved_is_not_asked(desk):
    backup = await desk.back_up(saved_told=True)
    assert UNSAVED not in backup.reading.expected | told(backup).keys()
    assert desk.sessions[0].sent == [RUNNING]


async def test_the_age_of_the_last_backup_goes_on_while_none_succeeds(desk):
    await desk.back_up()
    desk.answers[RUNNING] = TimedOut("x")
    late = await desk.back_up(later=9 * DAY)
    assert told(late) == {AGE: 9 * 86400}
    (failure, *_) = late.reading.failures
    assert (failure.kind, failure.samples) == ("timeout", {DRIFT, UNSAVED, *ITEMS})


async def test_before_the_first_backup_the_age_is_unknown_and_why_is_said(desk):
    desk.answers[RUNNING] = Unreachable("x")
    backup = await desk.back_up()
    assert (told(backup), backup.saved) == ({}, None)
    assert BACKED_UP in backup.reading.failures[0].samples


@pytest.mark.parametrize("cut", [KEPT[: len(KEPT) // 2], "", "#\nreturn\n"])
async def test_half_a_configuration_is_not_kept(desk, cut):
    await desk.back_up()
    desk.answers[RUNNING] = cut
    backup = await desk.back_up()
    assert backup.saved is None
    assert backup.reading.failures[0].kind == "bad_data"
    assert told(backup) == {AGE: 86400}
    assert len(desk.keeper.archive(ENTRY).versions("core-1")) == 1


async def test_without_a_key_no_raw_text_is_kept_and_with_one_it_is_encrypted(desk, tmp_path):
    await desk.back_up()
    assert not (desk.folder / RAW_FOLDER).exists()
    sealed = Desk(tmp_path / "sealed", Secret("correct horse"))
    await sealed.back_up()
    vault = sealed.keeper.vault
    assert vault is not None
    raw = vault.load(vault.newest("hq", "core-1", sealed.now), "hq", "core-1")
    assert raw.reveal() == KEPT
    assert not any(secret.encode() in data for data in sealed.files().values() for secret in SECRETS)


async def test_no_secret_is_in_any_file_sample_detail_failure_or_log(desk, caplog):
    caplog.set_level(logging.DEBUG)
    await desk.back_up()
    desk.answers[RUNNING] = KEPT.replace("return", "").replace("Ek2-Oy8", "Changed-7")
    desk.answers[STARTUP] = KEPT.replace("Vh5Nf(Gc1)", "Startup-7")
    everything = [await desk.back_up(), await desk.back_up()]
    seen = repr(everything) + caplog.text
    for secret in (*SECRETS, "Changed-7", "Startup-7"):
        assert secret not in seen
        assert not any(secret.encode() in data for data in desk.files().values())


async def test_an_archive_that_cannot_be_used_is_a_failure_of_this_device(desk):
    (desk.folder / FOLDER).write_text("in the way")
    backup = await desk.back_up()
    assert backup.saved is None
    assert {failure.protocol for failure in backup.reading.failures} == {"store"}
    assert told_items(backup)["telnet"] == 0


# ---- many ----


def snapshot(name: str = "core-1", **more: object) -> Snapshot:
    given: dict[str, object] = {"taken_at": datetime(2026, 3, 2, tzinfo=UTC), "profile": "huawei_vrp", "up": True}
    return Snapshot(device=name, **given | more)  # type: ignore[arg-type]


def rounds(desk: Desk) -> Round:
    return Round(keeper=desk.keeper, profiles=PROFILES, bounds=Bounds())


@pytest.mark.parametrize(
    ("entry", "read"),
    [
        (replace(ENTRY, config_backup=False), snapshot()),
        (replace(ENTRY, device=replace(ENTRY.device, ssh=None)), snapshot()),
        (ENTRY, snapshot(profile="linux")),
        (ENTRY, snapshot(profile="ups_rfc1628")),
        (ENTRY, snapshot(profile=None)),
        (ENTRY, snapshot(profile="gone")),
        (ENTRY, snapshot(up=False)),
    ],
)
async def test_a_device_that_cannot_be_backed_up_is_left_alone(desk, entry, read):
    assert await rounds(desk).inspection([entry], {"core-1": read}, "7") == {}
    assert desk.sessions == []


async def test_a_device_whose_snmp_tells_whether_it_is_saved_is_not_asked_for_the_saved_one(desk):
    await rounds(desk).inspection([ENTRY], {"core-1": snapshot(expected=frozenset({UNSAVED}))}, "7")
    assert desk.sessions[0].sent == [RUNNING]


async def test_a_device_of_no_site_has_a_folder_too(desk):
    await rounds(desk).inspection([replace(ENTRY, site=None)], {"core-1": snapshot()}, "7")
    assert (desk.folder / FOLDER / NO_SITE / "core-1").is_file()


async def test_a_mistake_of_ours_costs_one_device_its_backup_and_quotes_nothing(desk, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise RuntimeError(f"cannot read {KEPT}")

    monkeypatch.setattr("agent.configs.backup.mask", broken)
    backups = await rounds(desk).inspection([ENTRY], {"core-1": snapshot()}, "7")
    (failure,) = backups["core-1"].reading.failures
    assert failure.message == "core-1: the configuration backup failed: RuntimeError"
    assert not any(secret in caplog.text + repr(backups) for secret in SECRETS)


async def test_twenty_devices_of_a_site_are_backed_up_at_once(desk, tmp_path):
    names = [f"sw-{n}" for n in range(20)]
    entries = [replace(ENTRY, device=replace(ENTRY.device, name=name)) for name in names]
    backups = await rounds(desk).inspection(entries, {name: snapshot(name) for name in names}, "7")
    assert [backups[name].reading.failures for name in names] == [()] * 20
    assert {len(desk.keeper.archive(ENTRY).versions(name)) for name in names} == {1}


async def test_what_a_backup_told_joins_the_reading_and_its_cost_counts_once(desk):
    backup = await desk.back_up()
    before = snapshot(cost=Cost(requests=3))
    first, second = (joined(before, backup, first=first) for first in (True, False))
    assert first.samples == second.samples == backup.reading.samples
    assert (first.cost.commands, second.cost.commands) == ((RUNNING, STARTUP), ())
    assert joined(before, None, first=True) is before
