"""Load the syntax files, each completed by what it extends and by `_generic`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from collectors import yamlfile
from collectors.configs.rules import LISTS, Syntax
from collectors.yamlform import fitted

FOLDER = Path(__file__).parent
GENERIC = "_generic"
_LISTS = (*LISTS, "blocks")


@cache
def names() -> frozenset[str]:
    """Return the names a profile's `cli.config.syntax` may have."""
    return frozenset(path.stem for path in FOLDER.glob("*.yaml") if not path.stem.startswith("_"))


@cache
def load(name: str) -> Syntax:
    """Return a syntax, complete; one that is not known is read by `_generic` alone. Raises YamlError."""
    return _complete(name if name in names() else GENERIC)


def _complete(name: str) -> Syntax:
    line: dict[str, Syntax] = {}
    _collect(name, line)
    _collect(GENERIC, line)
    own, each = line[name], list(line.values())
    merged: dict[str, object] = {key: [one for part in each for one in getattr(part, key)] for key in _LISTS}
    items: Mapping[str, object] = {key: value for part in reversed(each) for key, value in part.items.items()}
    end = next((part.end for part in each if part.end), None)
    return own.model_copy(update={**merged, "items": items, "end": end})


def _collect(name: str, line: dict[str, Syntax]) -> None:
    """Add a syntax and all it extends, nearest first, each once."""
    if name not in line:
        line[name] = _read(FOLDER / f"{name}.yaml")
        for base in line[name].extends:
            _collect(base, line)


def _read(path: Path) -> Syntax:
    return fitted(Syntax, yamlfile.read(path))
