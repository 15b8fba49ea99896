"""A report says what the run says, in both languages alike, and nothing a device said can act in it."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import reports
from agent.model import (
    Coverage,
    Customer,
    FindingState,
    ManualAnswer,
    Result,
    Severity,
    Site,
    Text,
    Waiver,
)
from agent.reports import score
from collectors.model import Failure
from tests.agent.reported import (
    CHECKS,
    HOSTILE,
    INVENTORY,
    NOW,
    Texts,
    item,
    report_of,
    run_of,
    section,
    with_finding,
)


def test_objects_in_order_share_a_line_and_the_line_shows_the_one_nearest_its_limit() -> None:
    (device, _) = report_of().devices
    assert [(row.object, row.objects, row.severity.name) for row in device.rows] == [
        ("CPU 1", 1, "CRITICAL"),
        ("slot 5", 5, "OK"),
    ]
    assert device.rows[0].measured.en == "95%"
    assert "90%" in device.rows[0].limit.en


def test_last_time_is_the_same_object_in_the_run_before() -> None:
    (device, _) = report_of(previous=run_of()).devices
    assert device.rows[0].last.en == "95%"
    (device, _) = report_of().devices
    assert device.rows[0].last.en == "—"


def test_a_device_that_did_not_answer_is_named_and_lowers_coverage() -> None:
    report = report_of()
    assert [d.up for d in report.devices] == [True, False]
    assert any("sw-2" in line.en for line in report.conclusion)
    assert any("50%" in line.zh for line in report.conclusion)


def test_a_device_shows_how_long_it_is_up_if_it_said_so() -> None:
    assert [d.uptime.en for d in report_of().devices] == ["1 d 1 h", "—"]


def test_the_impact_counts_what_was_sent() -> None:
    impact = report_of().impact
    assert (impact.requests, impact.commands, impact.seconds) == (14, ("display version",), 42.0)


def test_findings_come_worst_first_and_cleared_ones_last() -> None:
    assert [(f.id, f.ticket) for f in report_of().findings] == [("f1", "T-20261122-0001"), ("f2", "")]


def test_what_a_person_accepted_is_said_with_who_and_until_when_and_not_counted() -> None:
    waiver = Waiver(by="<b>王工</b>", reason="spare part ordered", at=NOW, until=NOW + timedelta(days=9))
    run = with_finding("f1", state=FindingState.WAIVED, waiver=waiver)
    report = report_of(run)
    assert (run.severity, report.severity, report.score) == (Severity.UNKNOWN, Severity.UNKNOWN, 100)
    assert report.counts == {"critical": 0, "unknown": 1, "warning": 0, "ok": 1}
    assert [(row.severity, row.waived) for row in report.devices[0].rows] == [
        (Severity.CRITICAL, True),
        (Severity.OK, False),
    ]
    assert "0 critical findings" in report.conclusion[1].en
    assert report.conclusion[3] == Text(
        "另有 1 项已由人豁免，不计入以上数量。", "1 more were accepted by people and are not counted."
    )
    page = reports.html.render(report, "zh")
    assert "&lt;b&gt;王工&lt;/b&gt; 于 2026-11-22 豁免，有效期至 2026-12-01：spare part ordered" in page
    assert "by &lt;b&gt;王工&lt;/b&gt; on 2026-11-22 until 2026-12-01: spare part ordered" in reports.html.render(
        report, "en"
    )


@pytest.mark.parametrize(
    ("collected", "expected", "percent"), [(500, 500, 100), (499, 500, 99), (1, 200, 0), (0, 500, 0), (0, 0, 100)]
)
def test_coverage_is_rounded_down_so_that_100_per_cent_is_all(collected: int, expected: int, percent: int) -> None:
    report = report_of(replace(run_of(), coverage=Coverage(expected=expected, collected=collected)))
    assert f"Coverage {percent}%;" in report.conclusion[2].en
    assert f"<b>{percent}%</b><span>Coverage {collected}/{expected}</span>" in reports.render(report, "en")


@pytest.mark.parametrize(
    ("lang", "names"),
    [
        ("zh", ["某某局、另一局", "总部、分部", "telnet题、cpu题"]),
        ("en", ["Acme, Other", "HQ, Branch", "telnet title, cpu title"]),
    ],
)
def test_names_are_listed_with_the_comma_of_the_language(lang: reports.html.Lang, names: list[str]) -> None:
    first, second = INVENTORY.entries.values()
    branch = Site(name="b", title=Text("分部", "Branch"), customer=Customer(name="b", title=Text("另一局", "Other")))
    inventory = replace(INVENTORY, entries={"sw-1": first, "sw-2": replace(second, site=branch)})
    run = run_of()
    devices = (replace(run.devices[0], not_applicable=("telnet", "cpu")), run.devices[1])
    report = reports.build(replace(run, devices=devices), None, inventory, CHECKS, run.tickets)
    page = reports.render(report, lang)
    assert not [words for words in names if words not in page]


def test_the_same_run_gives_the_same_bytes() -> None:
    assert reports.to_json(report_of()) == reports.to_json(report_of())
    assert reports.render(report_of(), "zh") == reports.render(report_of(), "zh")


def test_json_has_both_languages_and_times_in_utc() -> None:
    data = json.loads(reports.to_json(report_of()))
    assert data["findings"][0]["advice"] == {"zh": "议", "en": "do this"}
    assert data["started_at"] == "2026-11-22T07:30:00Z"


def test_json_carries_whatever_a_device_said() -> None:
    said = 'a\ud800\x00"\u202e'
    data = json.loads(reports.to_json(report_of(run_of(hostile=said))))
    assert data["devices"][0]["facts"]["model"] == said


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", ["设备巡检报告", "总部", "议", "二级"]), ("en", ["HQ", "do this", "Level 2"])]
)
def test_a_page_speaks_one_language_and_shows_local_time(lang: reports.html.Lang, words: list[str]) -> None:
    page = reports.render(report_of(), lang)
    assert not [word for word in words if word not in page]
    assert "2026-11-22 15:30" in page
    assert "2026-11-22 15:45" in page


def test_both_languages_show_the_same_numbers() -> None:
    zh, en = (" ".join(Texts(reports.render(report_of(), lang)).words) for lang in ("zh", "en"))
    assert sorted(re.findall(r"\d+", zh)) == sorted(re.findall(r"\d+", en.replace("Level 2", "二级")))


def test_nothing_a_device_said_becomes_markup() -> None:
    page = Texts(reports.render(report_of(run_of(hostile=HOSTILE)), "en"))
    assert "script" not in page.tags
    said = "".join(page.words)
    assert "<script>alert(1)</script>" in said
    assert "{{7*7}}" in said
    assert not set(said) & {"\x1b", "\u202e", "\x00"}


def test_a_page_is_one_file_and_loads_nothing() -> None:
    page = Texts(reports.render(report_of(), "zh"))
    assert not [link for link in page.links if not link.startswith("#")]


def test_the_five_parts_a_contract_asks_for_are_there() -> None:
    page = reports.render(report_of(), "zh")
    parts = ["巡检目的及侧重点", "对现运行系统的冲击和影响", "巡检内容", "安全隐患", "结论"]
    assert not [part for part in parts if part not in page]


# ---- what people looked at ----


VOLTS = {"value": {"zh": "伏", "en": "volts"}, "limit": {"above": {"warning": 1}}, "cadence": ["yearly"]}
ITEMS = {"cleaning": item("cleaning", "site"), "earth": item("earth", "device", **VOLTS)}


def test_what_people_answered_is_judged_and_what_they_did_not_is_shown_as_open() -> None:
    answers = (
        ManualAnswer(item="cleaning", site="hq", ok=True, by="Li Lei", on=date(2026, 11, 22)),
        ManualAnswer(item="earth", device="sw-1", value=1.4),
        ManualAnswer(item="no_more", site="hq", ok=False),
    )
    rows = report_of(replace(run_of(), answers=answers), items=ITEMS).manual
    assert [(row.title.en, row.where, row.severity.name, row.answer.en, row.limit.en) for row in rows] == [
        ("cleaning title", ("hq",), "OK", "OK", "—"),
        ("earth title", ("sw-1",), "WARNING", "1.4 volts", "limit 1 volts"),
        ("earth title", ("sw-2",), "UNKNOWN", "to be filled in", "limit 1 volts"),
    ]
    assert (rows[0].by, rows[0].on) == ("Li Lei", date(2026, 11, 22))


def test_a_share_that_people_measured_is_shown_as_per_cent() -> None:
    share = {"value": {"zh": "0–1", "en": "0 to 1"}, "limit": {"below": {"warning": 0.9}}}
    answers = (ManualAnswer(item="discharge", device="sw-1", value=0.86),)
    items = {"discharge": item("discharge", "device", **share)}
    first, *_ = report_of(replace(run_of(), answers=answers), items=items).manual
    assert (first.answer.zh, first.limit.zh, first.limit.en) == ("86%", "下限 90%", "lower limit 90%")


@pytest.mark.parametrize(("lang", "said"), [("zh", "复发于 2026-11-22 14:30"), ("en", "back since 2026-11-22 14:30")])
def test_a_ticket_says_when_its_fault_came_back(lang: reports.html.Lang, said: str) -> None:
    run = run_of()
    assert said.split(maxsplit=1)[0] not in section(report_of(run), 6, lang)
    back = tuple(replace(ticket, recurred_at=NOW - timedelta(hours=1)) for ticket in run.tickets)
    assert said in section(report_of(replace(run, tickets=back)), 6, lang)


def test_a_chinese_report_says_in_chinese_what_could_not_be_read() -> None:
    run = run_of()
    mute = Failure("snmp", "unreachable", "identify", "sw-1: nothing listens there: the port is closed")
    devices = (replace(each, snapshot=replace(each.snapshot, failures=(mute,))) for each in run.devices)
    page = reports.render(report_of(replace(run, devices=tuple(devices))), "zh")
    assert "未能采集：snmp: identify: sw-1: 端口未开放" in page


def test_a_quarterly_report_asks_for_quarterly_items_only() -> None:
    run = replace(run_of(), scope={"cadence": "quarterly"})
    assert [row.title.en for row in report_of(run, items=ITEMS).manual] == ["cleaning title"]


def test_a_page_has_the_form_of_what_people_look_at_and_shows_notes_as_text() -> None:
    answers = (ManualAnswer(item="cleaning", site="hq", ok=False, note=HOSTILE),)
    page = Texts(reports.render(report_of(replace(run_of(), answers=answers), items=ITEMS), "zh"))
    said = "".join(page.words)
    assert not [
        word for word in ("现场检查项目", "待填写", "cleaning题", "<script>alert(1)</script>") if word not in said
    ]
    assert "script" not in page.tags


def test_an_empty_run_has_a_report_too() -> None:
    empty = replace(run_of(), devices=(), findings=(), tickets=(), coverage=Coverage())
    assert "未发现异常" in reports.render(report_of(empty), "zh")


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], 100),
        ([("a", Severity.WARNING)], 89),
        ([("a", Severity.WARNING), ("a", Severity.WARNING)], 89),
        ([("a", Severity.WARNING), ("b", Severity.WARNING)], 80),
        ([("a", Severity.CRITICAL)], 59),
        ([("a", Severity.CRITICAL), ("b", Severity.CRITICAL)], 50),
        ([(name, Severity.CRITICAL) for name in "abcdef"], 0),
        ([("a", Severity.UNKNOWN)], 100),
    ],
)
def test_a_device_loses_points_once_a_check_and_is_capped(
    severities: list[tuple[str, Severity]], expected: int
) -> None:
    assert score.device_score([Result("d", name, "", s) for name, s in severities]) == expected


scored = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(Severity)), max_size=12)


@given(scored, st.tuples(st.sampled_from("abcdef"), st.sampled_from(Severity)))
def test_a_further_result_never_raises_a_score(
    results: list[tuple[str, Severity]], further: tuple[str, Severity]
) -> None:
    before, after = (
        score.device_score([Result("d", n, "", s) for n, s in each]) for each in (results, [*results, further])
    )
    assert 0 <= after <= before <= 100
    assert after <= 59 or Severity.CRITICAL not in {s for _, s in results}


def test_core_devices_weigh_three_times_in_the_total() -> None:
    assert score.site_score([(100, "access"), (50, "core")]) == round((100 + 150) / 4)
    for from_, to, words in ((90, 100, "good"), (80, 89, "normal"), (60, 79, "needs attention"), (0, 59, "at risk")):
        assert {score.grade(n).en for n in range(from_, to + 1)} == {words}
