"""The security risks of a report: what was found and what people reported, in the section of their own and counted."""

from dataclasses import replace

import pytest

from agent import reports
from agent.model import FindingState, ManualAnswer, Severity
from tests.agent.reported import item, report_of, run_of, section, with_finding


@pytest.mark.parametrize(
    ("lang", "said", "none", "abnormal", "counted"),
    [
        (
            "zh",
            "警告 hq · antivirus题: 异常 · <b>病毒库过期</b>",
            "未发现安全隐患",
            "现场检查发现 1 项异常，见第 8 节。",
            "严重问题 1 项，警告 1 项",
        ),
        (
            "en",
            "Warning hq · antivirus title: not OK · <b>病毒库过期</b>",
            "found no security risk",
            "Looked at on site and not OK: 1 (see section 8).",
            "1 critical findings, 1 warnings",
        ),
    ],
)
def test_a_security_risk_that_a_person_reported_is_one_of_the_report(
    lang: reports.html.Lang, said: str, none: str, abnormal: str, counted: str
) -> None:
    items = {name: item(name, "site", security_risk=True) for name in ("antivirus", "backup_job", "patches")}
    answers = (
        ManualAnswer(item="antivirus", site="hq", ok=False, note="<b>病毒库过期</b>"),
        ManualAnswer(item="backup_job", site="hq", ok=True),
    )
    report = report_of(replace(run_of(), answers=answers), items=items)
    risks = section(report, 5, lang)
    assert said in risks
    assert not [word for word in (none, "backup_job", "patches") if word in risks]
    assert abnormal in section(report, 4, lang)
    assert counted in report.conclusion[1][lang]


@pytest.mark.parametrize(
    ("state", "zh", "en"),
    [
        (FindingState.NEW, "telnet题：enabled", "telnet title: enabled"),
        (FindingState.WAIVED, "telnet题：enabled 已豁免", "telnet title: enabled Waived"),
        (FindingState.CLEARED, "未发现安全隐患。", "found no security risk."),
    ],
)
def test_a_security_risk_is_open_or_accepted_and_not_one_that_is_cleared(state: FindingState, zh: str, en: str) -> None:
    report = report_of(with_finding("f2", state=state))
    assert section(report, 5, "zh").endswith(zh)
    assert section(report, 5, "en").endswith(en)


def test_a_fault_that_only_a_person_saw_is_not_said_to_be_nothing() -> None:
    answers = (ManualAnswer(item="cleaning", site="hq", ok=False),)
    report = report_of(replace(run_of(), findings=(), answers=answers), items={"cleaning": item("cleaning", "site")})
    assert section(report, 4, "en").endswith("Looked at on site and not OK: 1 (see section 8).")
    assert section(report, 5, "en").endswith("found no security risk.")


def test_security_checks_that_nobody_looked_at_are_not_said_to_be_well() -> None:
    telnet = next(finding for finding in run_of().findings if finding.id == "f2")
    unmeasured = replace(telnet.result, severity=Severity.UNKNOWN, reason="unreachable")
    items = {"patches": item("patches", "site", security_risk=True), "cleaning": item("cleaning", "site")}
    report = report_of(with_finding("f2", result=unmeasured), items=items)
    assert section(report, 5, "zh").endswith("安全检查中有 2 项未测得或待现场填写，不在上述结论之内。")
    assert section(report, 5, "en").endswith("still to be filled in on site: 2. Nothing is said of them.")
