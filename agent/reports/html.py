"""Render a Report as one self-contained HTML file that prints well on A4. Everything a device said is escaped."""

import re
from datetime import datetime
from functools import lru_cache
from math import pi
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agent import messages
from agent.checks.tracks import FAULTS
from agent.model import FindingState, Lang, Severity, Text
from agent.reports.model import Report
from agent.texts import of_severity, text

COLOURS = {"ok": "#2e9e5b", "warning": "#e0a100", "unknown": "#8a8f98", "critical": "#d23b3b"}
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@lru_cache(maxsize=16)  # compiling the templates takes longer than filling them in
def environment(lang: Lang, timezone: str, *packages: str) -> Environment:
    """Return what makes pages of one language in one time zone, of the templates of `packages` beside our own.

    Templates find `t` (texts of the report), `label` (all texts) and `lang`; everything they print is escaped.
    """
    zone = ZoneInfo(timezone)

    def local(moment: datetime | None) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else "—"

    made = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in (*packages, "agent.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )
    made.filters |= {"local": local, "in": lambda both: both[lang], "word": lambda s: of_severity(s, lang)}
    made.filters["said"] = lambda message: messages.said(message, lang)
    made.globals |= {
        "t": lambda key, **fields: text("report." + key, lang, **fields),
        "label": lambda key, **fields: text(key, lang, **fields),
        "lang": lang,
    }
    return made


def render(report: Report, lang: Lang) -> str:
    """Return the report as HTML text in one language."""
    unmeasured = [f for f in report.findings if f.severity is Severity.UNKNOWN]
    faults = [f for f in report.findings if f.severity is not Severity.UNKNOWN]
    by_hand = [m for m in report.manual if m.is_fault]
    page = environment(lang, report.timezone).get_template("report.html.j2")
    return page.render(
        report=report,
        faults=faults,
        unmeasured=unmeasured,
        by_hand=by_hand,
        risks=[f for f in faults if f.security_risk and f.state is not FindingState.CLEARED and f.severity in FAULTS],
        risks_by_hand=[m for m in by_hand if m.security_risk],
        risks_unseen=sum(f.security_risk for f in unmeasured)
        + sum(m.security_risk and m.is_open for m in report.manual),
        donut=_donut(report, lang),
    )


def _clean(value: object) -> object:
    """Drop the control characters that HTML does not allow, and the bidirectional ones that would turn text round."""
    if isinstance(value, Text):
        raise TypeError("a Text needs a language: use the `in` filter")
    return _CONTROLS.sub("�", value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _donut(report: Report, lang: Lang) -> Markup:
    """Draw the devices by severity as an SVG ring."""
    total = sum(report.counts.values())
    around = 2 * pi * 40
    rings, start = [], 0.0
    for name, count in report.counts.items():
        if not count:
            continue
        length = around * count / total
        rings.append(
            f'<circle r="40" cx="60" cy="60" fill="none" stroke="{COLOURS[name]}" stroke-width="18" '
            f'stroke-dasharray="{length:.2f} {around - length:.2f}" stroke-dashoffset="{around / 4 - start:.2f}"/>'
        )
        start += length
    unit = text("report.devices", lang)
    number = f'<text x="60" y="58" class="n">{total}</text><text x="60" y="76" class="u">{unit}</text>'
    return Markup(f'<svg viewBox="0 0 120 120" role="img">{"".join(rings)}{number}</svg>')  # noqa: S704 - our own figures
