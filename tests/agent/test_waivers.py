"""Accepted findings: who may, what ends it, what is kept of it, and what people see."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import cli, findings, tickets, waivers
from agent.model import Finding, FindingState, Severity, Waiver
from agent.store import NotFound, Store
from agent.waivers import WaiverError
from tests.agent.faults import CRITICAL, NOW, OK, UNKNOWN, WARNING, check, finding, judged, minutes
from tests.agent.stored import ACME, new_store, record

NEW, PERSISTING, CLEARED, REGRESSED, WAIVED = FindingState
WAIVER = Waiver(by="王工", reason="备件已订", at=NOW, until=minutes(10))


def accepted(severity: Severity = WARNING, **more: object) -> Finding:
    return finding(severity, WAIVED, **{"waiver": WAIVER} | more)


# ---- what a person may do ----


@pytest.mark.parametrize("known", [finding(WARNING), finding(UNKNOWN, NEW), finding(CRITICAL, REGRESSED), accepted()])
@pytest.mark.parametrize("until", [None, minutes(10)])
def test_an_open_finding_is_accepted_by_name_with_a_reason(known: Finding, until: datetime | None) -> None:
    change = waivers.waive(known, " 王工 ", " 备件已订 ", until, NOW)
    assert change.finding == replace(known, state=WAIVED, waiver=replace(WAIVER, until=until))
    assert (change.at, change.actor, change.action, change.text) == (NOW, "王工", "waive", "备件已订")


@pytest.mark.parametrize(
    ("by", "reason", "until", "known", "words"),
    [
        (" ", "why", None, finding(), "f1: give the name of the person"),
        ("netpatrol", "why", None, finding(), "f1: give the name of the person"),
        ("王工", " ", None, finding(), "f1: say why it is accepted"),
        ("王工", "why", NOW, finding(), "f1: until 2026-11-22 is past"),
        ("王工", "why", None, finding(OK, CLEARED), "f1 is cleared: there is nothing to accept"),
    ],
)
def test_what_is_no_acceptance_is_refused(
    by: str, reason: str, until: datetime | None, known: Finding, words: str
) -> None:
    with pytest.raises(WaiverError, match=words):
        waivers.waive(known, by, reason, until, NOW)


@pytest.mark.parametrize(("severity", "state"), [(WARNING, PERSISTING), (UNKNOWN, PERSISTING), (OK, CLEARED)])
def test_a_waiver_taken_back_leaves_the_finding_as_it_is_now(severity: Severity, state: FindingState) -> None:
    change = waivers.unwaive(accepted(severity), "李工", "", minutes(1))
    assert (change.finding.state, change.finding.waiver, change.actor) == (state, None, "李工")
    with pytest.raises(WaiverError, match="only a waived finding"):
        waivers.unwaive(change.finding, "李工", "", minutes(2))


# ---- what ends it ----


def after(known: Finding, *now_judged: findings.Judged, at: float) -> tuple[Finding, ...]:
    return findings.reconcile(now_judged, {known.result.key: known}, minutes(at), lambda: "f2")


@pytest.mark.parametrize(
    ("known", "severity", "state"),
    [
        (accepted(WARNING), WARNING, PERSISTING),
        (accepted(WARNING), CRITICAL, PERSISTING),
        (accepted(WARNING), UNKNOWN, PERSISTING),
        (accepted(WARNING), OK, CLEARED),
        (accepted(WARNING), None, PERSISTING),
        (accepted(UNKNOWN), UNKNOWN, PERSISTING),
        (accepted(OK), WARNING, REGRESSED),
        (accepted(OK), OK, CLEARED),
        (accepted(OK), None, CLEARED),
    ],
)
@pytest.mark.parametrize("at", [9, 10, 11])
def test_a_waiver_that_ran_out_ends_with_the_next_judgement(
    known: Finding, severity: Severity | None, state: FindingState, at: float
) -> None:
    now_judged = () if severity is None else (judged(severity),)
    found = after(known, *now_judged, at=at)
    if at < 10:
        assert [(f.state, f.waiver) for f in found] == [(WAIVED, WAIVER)]
    else:
        assert [(f.id, f.state, f.waiver) for f in found] == [("f1", state, None)]


def test_a_fault_whose_waiver_ran_out_opens_a_ticket_and_not_before() -> None:
    def opened(at: float) -> list[str]:
        found = after(accepted(), judged(WARNING), at=at)
        changes = tickets.reconcile(found, {}, ACME, {"temperature": check()}, minutes(at), lambda: "T-1")
        return [change.action for change in changes]

    assert (opened(9), opened(10)) == ([], ["open"])


@given(st.lists(st.sampled_from([OK, WARNING, CRITICAL, UNKNOWN]), max_size=8))
def test_a_waiver_without_an_end_holds_whatever_is_measured(severities: list[Severity]) -> None:
    known = accepted(waiver=replace(WAIVER, until=None))
    for at, severity in enumerate(severities, 1):
        (known,) = after(known, judged(severity), at=at * 100_000)
    assert (known.state, known.waiver) == (WAIVED, replace(WAIVER, until=None))


# ---- what is kept ----


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder = tmp_path / "netpatrol-data"
    folder.mkdir()
    with new_store(folder / "netpatrol.db") as opened:
        record(opened, judged(WARNING, value=71))
        yield opened


def test_a_decision_is_stored_with_its_finding_and_every_step_is_in_the_history(store: Store) -> None:
    (known,) = store.findings()
    waived = store.decide(known.id, lambda f: waivers.waive(f, "王工", "备件\x00\ud800", minutes(10), minutes(1)))
    assert store.findings() == (waived.finding,)
    record(store, judged(WARNING), at=2)
    assert store.findings()[0].waiver == waived.finding.waiver
    back = store.decide(known.id, lambda f: waivers.unwaive(f, "李工", "到货", minutes(3)))
    assert store.decisions(known.id) == (back.finding, (waived, back))
    record(store, judged(WARNING), at=4)
    assert store.findings()[0].state is PERSISTING


def test_a_waiver_that_ran_out_is_out_of_the_store_too(store: Store) -> None:
    (known,) = store.findings()
    store.decide(known.id, lambda f: waivers.waive(f, "王工", "备件", minutes(10), minutes(1)))
    record(store, judged(WARNING), at=11)
    assert [(f.state, f.waiver) for f in store.findings()] == [(PERSISTING, None)]


@pytest.mark.parametrize("ask", [Store.decisions, lambda store, finding: store.decide(finding, pytest.fail)])
def test_a_finding_that_does_not_exist_is_said_so(store: Store, ask: Callable[[Store, str], object]) -> None:
    with pytest.raises(NotFound, match="no finding nonsense: see `netpatrol findings`"):
        ask(store, "nonsense")


def test_what_is_refused_leaves_no_trace(store: Store) -> None:
    (known,) = store.findings()
    with pytest.raises(WaiverError):
        store.decide(known.id, lambda f: waivers.waive(f, "", "why", None, NOW))
    assert store.decisions(known.id) == (known, ())


# ---- what people see ----


@pytest.fixture
def home(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "inventory.yaml").write_text(
        "defaults: {timezone: Asia/Shanghai}\ndevices: [{name: core-1, address: 127.0.0.1, class: switch}]\n"
    )
    monkeypatch.chdir(tmp_path)
    return store.findings()[0].id


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str]]:
    assert cli.run([*arguments, "--format", "jsonl", "--lang", "zh"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_finding_is_accepted_until_the_end_of_a_day_shown_and_taken_back(
    home: str, capsys: pytest.CaptureFixture[str], store: Store
) -> None:
    words = ["--by", "王工", "--reason", "备件已订", "--until", "2999-12-31"]
    assert cli.run(["findings", "waive", home, *words, "--lang", "zh"]) == 0
    assert capsys.readouterr().err == f"{home}: 豁免 → 已豁免\n"
    waiver = store.findings()[0].waiver
    assert waiver is not None and waiver.until is not None
    assert waiver.until.isoformat() == "2999-12-31T15:59:59+00:00"
    (row,) = rows(capsys, "findings")
    assert (row["id"], row["state"]) == (home, "已豁免")
    day = waiver.at.astimezone(ZoneInfo("Asia/Shanghai")).date()
    assert row["accepted"] == f"王工 于 {day} 豁免，有效期至 2999-12-31：备件已订"
    assert cli.run(["findings", "--lang", "en"]) == 0
    assert home in capsys.readouterr().out
    assert cli.run(["findings", "unwaive", home, "--by", "李工", "--reason", "到货", "--lang", "en"]) == 0
    assert capsys.readouterr().err == f"{home}: waiver taken back → Persisting\n"
    history = rows(capsys, "findings", "show", home)
    assert [(row["actor"], row["action"], row["until"], row["text"]) for row in history] == [
        ("王工", "豁免", "2999-12-31 23:59", "备件已订"),
        ("李工", "撤销豁免", "", "到货"),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["waive", "ID", "--by", "王工", "--reason", "x", "--until", "2026-13-01"], "--until 2026-13-01: not a day"),
        (["waive", "ID", "--by", "王工", "--reason", "x", "--until", "2001-01-01"], "until 2001-01-01 is past"),
        (["waive", "ID", "--by", "王工", "--reason", " "], "say why it is accepted"),
        (["unwaive", "ID", "--by", "王工"], "only a waived finding can be taken back"),
        (["waive", "ID", "--by", "王工"], "--reason"),
    ],
)
def test_a_mistake_is_one_clear_line(
    home: str, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["findings", *(home if word == "ID" else word for word in arguments)]) == 2
    assert words in capsys.readouterr().err


def test_the_end_of_time_is_no_last_day_west_of_utc(
    home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(inventory.read_text("utf-8").replace("Asia/Shanghai", "America/New_York"), "utf-8")
    words = ["--by", "王工", "--reason", "备件已订", "--until", "9999-12-31", "--lang", "en"]
    assert cli.run(["findings", "waive", home, *words]) == 2
    said = "--until 9999-12-31: too far away (right form: --until 2026-12-31, or none)"
    assert capsys.readouterr().err == f"netpatrol: {said}\n"


def test_a_finding_is_waived_where_there_is_no_inventory(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (known,) = store.findings()
    assert cli.run(["findings", "waive", known.id, "--by", "王工", "--reason", "备件已订"]) == 0
    assert store.findings()[0].state is WAIVED
