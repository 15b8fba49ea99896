"""YAML files of a fixed form: immutable once read, and every mistake told with the line of its key."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from collectors.yamlfile import Document, KeyPath, Problem, YamlError, dotted

F = TypeVar("F", bound=BaseModel)
T = TypeVar("T")


class Strict(BaseModel):
    """A form, or a part of one. It refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def fitted(form: type[F], document: Document, data: object = None) -> F:
    """Return a document in its form; `data` stands in for the document's own. Raises YamlError with every mistake."""
    try:
        return form.model_validate(document.data if data is None else data)
    except ValidationError as error:
        raise YamlError(list(dict.fromkeys(_mistakes(document, error)))) from error


def _mistakes(document: Document, error: ValidationError) -> Iterator[Problem]:
    """Yield pydantic's errors by file, line and key; parts of a location that are no keys of the file are left out."""
    for each in error.errors(include_url=False):
        at = each["loc"]
        while at and at not in document.lines:
            at = at[:-1]
        key = (*at, each["loc"][len(at)]) if each["type"] == "missing" else at
        yield Problem(document.file, document.line(at), dotted(key), each["msg"].removeprefix("Value error, "))


def named(name: str, document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with a name that must be the file's."""
    path = Path(document.file)
    if name != path.stem:
        yield ("name",), f"is {name!r}, but the file is {path.name}: they must be the same"


def read_folders(dirs: Sequence[Path], what: str, read: Callable[[Path], T]) -> tuple[dict[str, T], list[Problem]]:
    """Read every `<name>.yaml` of the folders, by name, and return also what is wrong; `what` they are: "check files".

    A later folder's file replaces an earlier one's of the same name. `read` raises YamlError.
    """
    files: dict[str, Path] = {}
    problems: list[Problem] = []
    for folder in dirs:
        if not folder.is_dir():
            problems.append(Problem(str(folder), 0, "", f"is not a folder of {what}"))
        files |= {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    found: dict[str, T] = {}
    for name, path in files.items():
        try:
            found[name] = read(path)
        except YamlError as error:
            problems += error.problems
    return found, problems


def refuse(problems: Iterable[Problem]) -> None:
    """Raise YamlError with problems, if there are any, by file and line."""
    if found := sorted(problems, key=lambda problem: (problem.file, problem.line)):
        raise YamlError(found)
