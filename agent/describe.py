"""Say in one line, in Chinese or English, what a check found and which limit it was held against. Pure.

What devices said (states, error messages) is quoted as it came, on one line: each sink escapes it.
"""

import math
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.checks.rules import Check
from agent.derive import traps
from agent.messages import said as said_in
from agent.model import Lang, Result, Severity, Text, Waiver
from agent.texts import text
from collectors.model import Number
from collectors.traps import meanings

MAX_QUOTE = 160  # characters of a device's own words

SYMBOLS = {
    "celsius": " °C",
    "volts": " V",
    "amperes": " A",
    "watts": " W",
    "hertz": " Hz",
    "rpm": " rpm",
    "dbm": " dBm",
}
BYTES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
SPANS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def describe(check: Check, result: Result, lang: Lang) -> str:
    """Return one line for a result: `温度 78 °C，上限 70 °C（设备门限）`. The object is not in it."""
    title, measured = check.title[lang], measured_text(check, result, lang)
    behind = text("describe.behind", lang, names=", ".join(result.behind)) if result.behind else ""
    if result.severity is Severity.UNKNOWN or result.limit is None:
        return _with(text("describe.bare", lang, title=title, measured=measured), behind, lang)
    limit = limit_text(check, result, lang)
    return _with(text("describe.limited", lang, title=title, measured=measured, limit=limit), behind, lang)


def measured_text(check: Check, result: Result, lang: Lang) -> str:
    """Return what was measured, or why nothing was: `78 °C`, `notPresent`, `未采集：超时无应答`."""
    if result.severity is Severity.UNKNOWN:
        return _unmeasured(result, lang)
    if result.value is None:
        return _quote(result.text) or text("describe.nothing", lang)
    value = in_words(check, result.value, lang)
    said = _quote(meanings.builtin().titled(result.text, lang) if check.sample == traps.TRAP else result.text)
    why = text(f"reason.{result.reason}", lang) if result.reason else ""
    told = said_in(result.detail, lang) if result.reason else result.detail  # without a reason: a device's own words
    detail = "" if is_block(result.detail) else _quote(told)
    return _with(value, " · ".join(filter(None, (said, why, detail))), lang)


def is_block(detail: str) -> bool:
    """Say whether a detail is a text of several lines, such as a diff, that is shown apart."""
    return "\n" in detail.strip()


def limit_text(check: Check, result: Result, lang: Lang) -> str:
    """Return the limit and whose it is: `上限 70 °C（设备门限）`; what is right where there is no number to pass."""
    if result.limit is not None:
        side = "below" if result.direction == "below" else "above"
        source = text(f"describe.by_{result.limit_source}", lang) if result.limit_source else ""
        return _with(text(f"describe.{side}", lang, value=value_text(result.limit, check.unit, lang)), source, lang)
    if check.limit.by_state:
        return text("describe.healthy", lang)
    bad = {*check.limit.warning_values, *check.limit.critical_values}
    right = [words[lang] for value, words in sorted(check.words.items()) if float(value) not in bad]
    return text("describe.right", lang, values=" / ".join(right)) if bad and right else text("describe.nothing", lang)


def value_text(value: Number | None, unit: str, lang: Lang) -> str:
    """Return a value in its base unit as people write it: 0.783 of `ratio` is 78.3%, 90061 of `duration` 1 d 1 h."""
    number = _finite(value)
    if number is None:
        return text("describe.nothing", lang)
    if unit in SYMBOLS:
        return _plain(number) + SYMBOLS[unit]
    return FORMATS.get(unit, _unitless)(number, lang)


def acceptance(waiver: Waiver, lang: Lang, zone: str) -> str:
    """Say who accepted a finding, when, until when and why; days are those of a time zone."""

    def day(moment: datetime) -> str:
        return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d}"

    said = {"by": waiver.by, "at": day(waiver.at), "reason": waiver.reason}
    if waiver.until is None:
        return text("describe.accepted", lang, **said)
    return text("describe.accepted_until", lang, until=day(waiver.until), **said)


def _unmeasured(result: Result, lang: Lang) -> str:
    reason = text(f"reason.{result.reason}", lang) if result.reason else ""
    why = " · ".join(filter(None, (reason, _quote(result.text), _quote(said_in(result.detail, lang)))))
    return text("describe.unmeasured", lang, reason=why) if why else text("severity.unknown", lang)


def in_words(check: Check, value: Number, lang: Lang) -> str:
    """Return what a value means where the check says so, else the value: `无应答`, `78 °C`."""
    number = _finite(value)
    words: Text | None = check.words.get(_plain(number)) if number is not None else None
    return words[lang] if words else value_text(value, check.unit, lang)


def _with(first: str, remark: str, lang: Lang) -> str:
    return text("describe.remark", lang, text=first, remark=remark) if remark else first


def _quote(said: str) -> str:
    line = " ".join(said.split())
    return line if len(line) <= MAX_QUOTE else line[: MAX_QUOTE - 1] + "…"


def _finite(value: Number | None) -> float | None:
    try:
        number = math.nan if value is None else float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


# ---- numbers ----


def _plain(number: float) -> str:
    """Write a number with the decimals its size deserves, none behind a whole one."""
    size = abs(number)
    if size >= 1e15:
        return f"{number:.3g}"
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 4
    written = f"{round(number, digits) + 0.0:.{digits}f}"  # + 0.0: no minus before a zero
    return written.rstrip("0").rstrip(".") if "." in written else written


def _percent(number: float, lang: Lang) -> str:
    return f"{_plain(number * 100)}%"


def _unitless(number: float, lang: Lang) -> str:
    return _plain(number)


def _seconds(number: float, lang: Lang) -> str:
    """Short times: round trips, clock offsets."""
    if abs(number) >= 120:
        return _duration(number, lang)
    return f"{_plain(number * 1000)} ms" if 0 < abs(number) < 1 else f"{_plain(number)} s"


def _duration(number: float, lang: Lang) -> str:
    """Long times, the two largest units of them."""
    left = round(abs(number))
    parts: list[str] = []
    for key, span in SPANS:
        if left >= span or (span == 1 and not parts):
            parts.append(text(f"describe.{key}", lang, n=left // span))
            left %= span
        elif parts:
            break
    return ("-" if number < 0 and round(number) else "") + " ".join(parts[:2])


def _bytes(number: float, lang: Lang) -> str:
    power = 0 if abs(number) < 1024 else min(int(math.log(abs(number), 1024)), len(BYTES) - 1)
    return f"{_plain(number / 1024**power)} {BYTES[power]}"


FORMATS: dict[str, Callable[[float, Lang], str]] = {
    "ratio": _percent,
    "seconds": _seconds,
    "duration": _duration,
    "bytes": _bytes,
}
