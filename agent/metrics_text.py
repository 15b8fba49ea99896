"""Writes samples in Prometheus' text format. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format: the lines of one metric stand together
under one HELP and one TYPE, so a device's lines are kept by name, and joined over all devices when they are asked for.
"""

import math
import re
from collections.abc import Iterable, Mapping

from collectors.model import Number, Sample
from collectors.vocabulary import Meaning

Block = Mapping[str, str]
"""Metric name → its complete lines, of one device."""

MAX_TEXT = 1024  # characters of a label's value: an ifAlias can be longer, a name people read is not

_HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # parsers differ on NUL; surrogates are no UTF-8
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_NOT_IN_A_NAME = re.compile("[^a-zA-Z0-9_]")


def block(top: Mapping[str, str], samples: Iterable[Sample], meanings: Mapping[str, Meaning]) -> Block:
    """Return the lines of a device's samples, labelled with `top` first: a sample's label of that name gives way.

    A name that is not in `meanings` is left out, and so is a series that is there already.
    """
    lines: dict[str, dict[str, str]] = {}
    texts: dict[tuple[tuple[str, str], ...], str] = {}  # an interface has two dozen samples with the same labels
    for sample in samples:
        if sample.name in meanings:
            own = tuple(sample.labels.items())
            labels = texts.get(own) or texts.setdefault(own, _labels(top, sample.labels))
            lines.setdefault(sample.name, {}).setdefault(labels, f"{sample.name}{labels} {number(sample.value)}\n")
    return {name: "".join(series.values()) for name, series in lines.items()}


def join(blocks: Iterable[Block], meanings: Mapping[str, Meaning]) -> str:
    """Return the page of several devices' blocks."""
    together: dict[str, list[str]] = {}
    for each in blocks:
        for name, lines in each.items():
            together.setdefault(name, []).append(lines)
    return "".join(_head(name, meanings[name]) + "".join(together[name]) for name in sorted(together))


def is_mib_name(name: str) -> bool:
    """Say whether a metric has its MIB's name (ifHCInOctets) and not one in Prometheus' own style."""
    return name != name.lower()


def label_value(text: str) -> str:
    """Return hostile text as the inside of a label's quotes. Control characters show as U+FFFD; newlines stay."""
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text[:MAX_TEXT]).translate(_ESCAPED)


def number(value: Number) -> str:
    """Return a value as Go's ParseFloat reads it. Integers are exact; beyond a float's range they are infinite."""
    try:
        as_float = float(value)
    except OverflowError:
        as_float = math.inf if value > 0 else -math.inf
    if math.isnan(as_float):
        return "NaN"
    if math.isinf(as_float):
        return "+Inf" if as_float > 0 else "-Inf"
    return str(int(value)) if isinstance(value, int) else repr(value)


def _labels(top: Mapping[str, str], own: Mapping[str, str]) -> str:
    labels = dict(top)
    for name, text in sorted(own.items()):
        labels.setdefault(_label_name(name), text)
    inside = ",".join(f'{name}="{label_value(text)}"' for name, text in labels.items())
    return f"{{{inside}}}" if inside else ""


def _label_name(text: str) -> str:
    """Return a valid label name. Those with two leading underscores are Prometheus' own."""
    name = _NOT_IN_A_NAME.sub("_", text)
    return re.sub("^(__|[0-9]|$)", r"label_\1", name)


def _head(name: str, meaning: Meaning) -> str:
    text = meaning.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {text}\n# TYPE {name} {meaning.type}\n"
