"""Load check files, and find what is wrong in them: every problem, with its file, line and key."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from agent.checks.rules import Cadence, Check, Named, Rules
from agent.derive import DERIVED
from collectors import yamlfile
from collectors.vocabulary import VOCABULARY
from collectors.yamlfile import KeyPath
from collectors.yamlform import fitted, named, read_folders, refuse

BUILTIN = Path(__file__).parent

SAMPLES = VOCABULARY | DERIVED

Complaint = tuple[KeyPath, str]
F = TypeVar("F", bound=Named)


def load(dirs: Sequence[Path] = (BUILTIN,)) -> dict[str, Check]:
    """Load every `<name>.yaml` of the folders, by name. Raises YamlError with all problems of all files.

    A later folder's check replaces an earlier one's of the same name, so that an operator can correct a built-in one.
    """
    return load_forms(Check, dirs, _complaints)


def of_cadence(checks: Mapping[str, Check], cadence: Cadence | None) -> Rules:
    """Return the checks an inspection of that cadence makes; None: all."""
    return Rules({name: check for name, check in checks.items() if cadence is None or cadence in check.cadence})


def load_forms(form: type[F], dirs: Sequence[Path], complaints: Callable[[F], Iterable[Complaint]]) -> dict[str, F]:
    """Load files of a form that has a `name`, which is the file's. Raises YamlError with all problems of all files."""
    found, problems = read_folders(dirs, "check files", lambda path: _load(form, path, complaints))
    refuse(problems)
    return dict(sorted(found.items()))


def _load(form: type[F], path: Path, complaints: Callable[[F], Iterable[Complaint]]) -> F:
    document = yamlfile.read(path)
    read = fitted(form, document)
    refuse(document.problem(*each) for each in (*named(read.name, document), *complaints(read)))
    return read


def _complaints(check: Check) -> Iterator[Complaint]:
    if check.sample not in SAMPLES:
        yield (
            ("sample",),
            f"{check.sample!r} is neither collected (collectors/vocabulary.py) nor derived (agent/derive)",
        )
        return
    labels: Mapping[str, list[tuple[KeyPath, str]]] = {
        key: [((key,), label) for label in getattr(check, key)] for key in ("where", "where_not", "object", "qualify")
    }
    known = SAMPLES[check.sample].labels
    for at, label in (pair for pairs in labels.values() for pair in pairs):
        if label not in known:
            yield at, f"{label!r} is no label of {check.sample} (there are: {', '.join(known) or 'none'})"
    if check.limit.by_state and "state" not in known:
        yield ("limit",), f"judges states, but {check.sample} has none"
