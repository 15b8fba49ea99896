"""Say what is wrong in inventory.yaml in plain words, at the line of the key, with the right form.

The right forms are the first examples of the keys in inventory_file.py.
"""

import copy
import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice, takewhile
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from collectors.yamlfile import Document, KeyPath, Problem, YamlError

M = TypeVar("M", bound=BaseModel)

MAX_SHOWN = 12  # known names in one message
MAX_GUESSES = 50  # after so many mistyped names in a file, the nearest is no longer looked for
MAX_COMPARED = 2000  # names a mistyped one is compared with

_NUMBER = "is not a number"
_WHOLE = "is not a whole number"
_MESSAGES = {  # pydantic's error types
    "missing": "is required",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "string_type": "must be text, not a list or a mapping",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "model_type": "must be a mapping of keys",
    "dict_type": "must be a mapping of keys",
    "list_type": "must be a list",
    "value_error": "{error}",
}
_COLON = " (write ': ' with an ASCII colon, not '：'; 请用半角冒号)"


class Problems:
    """What was found wrong so far, each once, in one document."""

    def __init__(self, document: Document, found: Collection[Problem] = ()) -> None:
        self._document = document
        self._found = dict.fromkeys(found)
        self._noted: set[KeyPath] = set()  # with all that encloses them
        self._guesses = MAX_GUESSES

    def add(self, path: KeyPath, message: str, form: object = None) -> None:
        """Note a problem of the key at `path`; `form` is an example of how it is right, as data."""
        problem = self.problem(path, message if form is None else f"{message} (right form: {flow(form)})")
        self._found[problem] = None
        self._noted.update(path[:length] for length in range(1, len(path) + 1))

    def unknown(self, path: KeyPath, what: str, name: str, known: Collection[str]) -> None:
        """Note a name that refers to nothing: `no site is called 'hq' (did you mean 'acme-hq'? known: …)`."""
        self._guesses -= 1
        self.add(path, f"no {what} is called {name!r}{choice(name, known, guess=self._guesses >= 0)}")

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Return a problem at the line of its key, without noting it."""
        return self._document.problem(path, message)

    def line(self, path: KeyPath) -> int:
        return self._document.line(path)

    def noted(self, path: KeyPath) -> bool:
        """Say whether something is wrong with this key or within it."""
        return path in self._noted

    def finish(self) -> None:
        """Raise YamlError with all problems, in the order of their lines, if there are any."""
        if self._found:
            raise YamlError(sorted(self._found, key=lambda problem: (problem.line, problem.key, problem.message)))


def blanks(data: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of each key and list item that has no value."""
    if data is None:
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from blanks(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from blanks(value, (*path, number))


def validated(
    model: type[M], data: Any, at: KeyPath, problems: Problems, right: object = None
) -> tuple[M | None, bool]:
    """Return the form of data that stand at `at` in the file, and whether all of it is right.

    What is wrong is noted and left out of the form, so that the rest can be checked further; without a form there is
    no rest. `right` is an example of the whole.
    """
    try:
        form: M | None = model.model_validate(data)
        wrong: list[KeyPath] = []
    except ValidationError as error:
        details = error.errors(include_url=False)
        wrong = [_note(detail, model, at, problems, right) for detail in details]
        form = _rest(model, data, wrong)
    unknown_keys = {(*at, *path) for path in wrong}
    blank = [path for path in blanks(data, at) if path not in unknown_keys]
    for path in blank:
        problems.add(path, "is empty: give it a value, or leave it out", example(field_at(model, path[len(at) :])))
    return form, not (wrong or blank)


def _note(detail: ErrorDetails, model: type[BaseModel], at: KeyPath, problems: Problems, right: object) -> KeyPath:
    """Note one of pydantic's errors; return what is to be left out (within the model) to go on without it."""
    loc = tuple(part for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        unknown_key(loc, model, at, problems)
        return loc
    if detail["input"] is not None:  # blanks are noted apart
        problems.add((*at, *loc), _words(detail), _form(detail, field_at(model, loc), loc) if loc else right)
    missing = detail["type"] == "missing" and len(loc) > 1
    return tuple(takewhile(lambda part: isinstance(part, str), loc[:-1] if missing else loc))


def _rest(model: type[M], data: Any, wrong: list[KeyPath]) -> M | None:
    if not isinstance(data, dict):
        return None
    rest = copy.deepcopy(data)
    for path in filter(None, wrong):
        inside: Any = rest
        for part in path[:-1]:
            inside = inside.get(part) if isinstance(inside, dict) else None
        if isinstance(inside, dict):
            inside.pop(path[-1], None)
    if "name" in model.model_fields:
        rest.setdefault("name", "unnamed")
    try:
        return model.model_validate(rest)
    except ValidationError:
        return None


def _form(detail: ErrorDetails, field: FieldInfo | None, loc: KeyPath) -> object:
    right = example(field)
    return right if right is None or detail["type"] != "missing" else {loc[-1]: right}


def _words(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] in ("literal_error", "enum"):
        known = re.findall(r"'([^']*)'", context["expected"])
        return f"is none of {', '.join(known)}{meant(str(detail['input']), known)}"
    words = _MESSAGES.get(detail["type"])
    message = words.format(**context) if words else detail["msg"].lower()
    typed = detail["input"]
    return message + (_COLON if isinstance(typed, str) and "：" in typed else "")


def unknown_key(loc: KeyPath, model: type[BaseModel], at: KeyPath, problems: Problems) -> None:
    """Note a key the form does not have."""
    key, inside = str(loc[-1]), model_at(model, loc[:-1])
    name, colon, _ = key.partition(":")
    if colon:  # what follows may be a secret: {community:env:NAME}
        problems.add((*at, *loc[:-1], name), "needs a space after the colon", f"{name}: …")
        return
    known = [field.alias or name for name, field in inside.model_fields.items()]
    hint = _COLON if "：" in key else ""
    problems.add(
        (*at, *loc[:-1], key.partition("：")[0]), f"is not known here{choice(key, known, most=len(known))}{hint}"
    )


def choice(name: str, known: Collection[str], guess: bool = True, most: int = MAX_SHOWN) -> str:
    """Offer the nearest and the first of the known names, in brackets."""
    ordered = known if isinstance(known, Mapping | list) else sorted(known)
    shown = [*islice(ordered, most), *(["…"] if len(known) > most else [])]
    nearest = _nearest(name, known) if guess else None
    return f" ({f'did you mean {nearest!r}? ' if nearest else ''}known: {', '.join(shown) or 'none'})"


def meant(name: str, known: Collection[str]) -> str:
    """Offer the nearest of names that are all shown already."""
    guess = _nearest(name, known)
    return f"; did you mean {guess!r}?" if guess else ""


def _nearest(name: str, known: Collection[str]) -> str | None:
    if len(known) > MAX_COMPARED:
        return None
    folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[found[0]] if found else None


def flow(data: object) -> str:
    """Write an example as YAML on one line: `{version: 2c, community: env:NP_COMMUNITY}`."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key}: {flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(flow, data)) + "]"
    return str(data).lower() if isinstance(data, bool) else str(data)


def example(field: FieldInfo | None) -> object:
    """Return the first example of a key; None if it has none."""
    return field.examples[0] if field is not None and field.examples else None


def field_at(model: type[BaseModel], loc: KeyPath) -> FieldInfo | None:
    """Return the field a path within a model leads to, or that its last key's list or mapping belongs to."""
    while loc and isinstance(loc[-1], int):
        loc = loc[:-1]
    if not loc:
        return None
    parent = model_at(model, loc[:-1])
    for name, field in parent.model_fields.items():
        if loc[-1] in (name, field.alias):
            return field
    return field_at(model, loc[:-1])


def model_at(model: type[BaseModel], loc: KeyPath) -> type[BaseModel]:
    """Return the model a path within a model leads to: the last one it passes."""
    inside: Any = model
    for part in loc:
        if isinstance(inside, type) and issubclass(inside, BaseModel):
            model, named = inside, {field.alias or name: field for name, field in inside.model_fields.items()}
            inside = _bare(named[str(part)].annotation) if str(part) in named else None
        else:
            inside = _bare(get_args(inside)[-1]) if get_args(inside) else None
    return inside if isinstance(inside, type) and issubclass(inside, BaseModel) else model


def _bare(annotation: Any) -> Any:
    """Take Optional and Annotated off a type."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return next(_bare(part) for part in get_args(annotation) if part is not type(None))
    return annotation
