"""Names of community metrics and tags as Prometheus has them, kept apart from our own. Pure."""

import re

from collectors.vocabulary import VOCABULARY

# https://prometheus.io/docs/concepts/data_model/: colons are for rules, two leading underscores for Prometheus itself
_INVALID = re.compile("[^a-zA-Z0-9_]")
_OURS = ("device_", "ups_", "netpatrol_", "process_")  # also what the agent derives and says of itself
_LABELS = frozenset({"device", "site", "customer", "device_class", "entity", "index"})
MAX_NAME = 200


def metric(name: str) -> str:
    """Return a metric's name made valid: `cpu.usage` is `cpu_usage`. Empty where nothing of it can be."""
    valid = _INVALID.sub("_", name.strip()[:MAX_NAME])
    if not valid.strip("_"):
        return ""
    return f"_{valid}" if valid[:1].isdigit() else valid


def apart(name: str) -> str:
    """Return a valid name that is none of ours: one that is gets `snmp_` before it."""
    return f"snmp_{name}" if name in VOCABULARY or name.startswith(_OURS) else name


def label(tag: str) -> str:
    """Return a tag's name made valid. One of our own labels becomes `exported_…`, as Prometheus does on a clash."""
    valid = re.sub("^_*(?=_)", "", _INVALID.sub("_", tag.strip()[:MAX_NAME])) or "tag"
    valid = f"_{valid}" if valid[0].isdigit() else valid
    return f"exported_{valid}" if valid in _LABELS else valid
