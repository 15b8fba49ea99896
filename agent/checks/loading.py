"""Load check files, and find what is wrong in them: every problem, with its file, line and key."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from agent.checks.rules import Cadence, Check, Named, Rules
from agent.derive import DERIVED
from collectors import yamlfile
from collectors.vocabulary import VOCABULARY
from collectors.yamlfile import Document, KeyPath, Problem, YamlError, dotted

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
    found: dict[str, F] = {}
    problems: list[Problem] = []
    for path in _files(dirs, problems):
        try:
            found[path.stem] = _load(form, path, complaints)
        except YamlError as error:
            problems += error.problems
    if problems:
        raise YamlError(sorted(problems, key=lambda p: (p.file, p.line)))
    return dict(sorted(found.items()))


def _files(dirs: Sequence[Path], problems: list[Problem]) -> list[Path]:
    files: dict[str, Path] = {}
    for folder in dirs:
        if not folder.is_dir():
            problems.append(Problem(str(folder), 0, "", "is not a folder of check files"))
        files |= {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return list(files.values())


def _load(form: type[F], path: Path, complaints: Callable[[F], Iterable[Complaint]]) -> F:
    document = yamlfile.read(path)
    try:
        read = form.model_validate(document.data)
    except ValidationError as error:
        raise YamlError(list(invalid(document, error))) from error
    problems = [
        Problem(document.file, document.line(at), dotted(at), message)
        for at, message in (*_named(read.name, path), *complaints(read))
    ]
    if problems:
        raise YamlError(problems)
    return read


def invalid(document: Document, error: ValidationError) -> Iterator[Problem]:
    """Yield what is wrong with a document's form, each with the line of its key."""
    for each in error.errors(include_url=False):
        at = each["loc"]
        while at and at not in document.lines:
            at = at[:-1]
        key = (*at, each["loc"][len(at)]) if each["type"] == "missing" else at
        yield Problem(document.file, document.line(at), dotted(key), each["msg"].removeprefix("Value error, "))


def _named(name: str, path: Path) -> Iterator[Complaint]:
    if name != path.stem:
        yield ("name",), f"is {name!r}, but the file is {path.name}: they must be the same"


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
