"""Write devices as entries of inventory.yaml that a person looks over and takes in. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from agent.output import safe_terminal

MAX_NAME = 100  # agent/inventory_scalars.py NAME

Keys = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A device's keys as the inventory has them, and what is said beside it. Not `good`: shown as a comment."""

    keys: Keys
    note: str = ""
    good: bool = True


@dataclass(slots=True)
class Names:
    """Gives each device a name of its own."""

    taken: set[str] = field(default_factory=set)

    def give(self, wanted: str, instead: str) -> str:
        """Return a valid name like the one wanted, or like `instead` where nothing of it can stand."""
        base = valid_name(wanted) or valid_name(instead) or "device"
        name, number = base, 1
        while name in self.taken:
            number += 1
            name = f"{base[: MAX_NAME - 6]}-{number}"
        self.taken.add(name)
        return name


def valid_name(text: str) -> str:
    """Return the text with what a name cannot have turned into dashes; empty if nothing is left."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip("._-")[:MAX_NAME].rstrip("-")


def render(
    devices: Iterable[Proposal], heading: Collection[str] = (), sections: Mapping[str, Sequence[Keys]] = {}
) -> str:
    """Return YAML: the heading as comments, the sections, then a line a device."""
    lines = [f"# {_one_line(line)}" for line in heading]
    for name, items in sections.items():
        if items:
            lines += [f"{name}:", *(f"  - {_flow(item)}" for item in items)]
    devices = tuple(devices)
    lines.append("devices:" if any(device.good for device in devices) else "devices: []")
    for device in devices:
        note = f" # {_one_line(device.note)}" if device.note else ""
        lines.append(f"  {'' if device.good else '# '}- {_flow(device.keys)}{note}")
    return "\n".join(lines) + "\n"


def _flow(keys: Keys) -> str:
    """Return a mapping on one line. Control characters are escaped by YAML, bidirectional ones made visible."""
    plain = {key: _plain(value) for key, value in keys.items()}
    return str(yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**9)).strip()


def _plain(value: object) -> object:
    if isinstance(value, str):
        return safe_terminal(str(value))
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _one_line(text: str) -> str:
    return safe_terminal(" ".join(text.split()))
