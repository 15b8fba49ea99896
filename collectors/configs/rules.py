r"""The form of a syntax file: how one family writes its configuration.

Every line is matched as a path: the lines it stands under, by their indentation, then itself (`line vty 0 4 /
transport input ssh`). Patterns are regular expressions with some short forms: a space is any run of blanks, ` ?` also
none, `<S>` a secret (one word, or quoted), `<R>` a secret that goes on to the end of the line, `<T>` the words that say
how the secret is written (`cipher`, `7`, `encrypted` …). Upper and lower case are the same.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from collectors.vocabulary import CHOICES
from collectors.yamlform import Strict

SEPARATOR = " / "

_FORMS = (
    r"cipher(?:-?text)?|irreversible-cipher|irreversible|reversible|simple|plain(?:-?text)?|clear(?:-?text)?|text|"
    r"unencrypted|encrypted(?:-text)?|localized|hash(?:ed)?|sha-?\d*|sha2-\d+|md5|sm3|ascii(?:-text)?|hex(?:adecimal)?|"
    r"string|ENC|\d"
)
_TYPES = rf"(?:(?:{_FORMS})[ \t]+){{0,3}}"
_WORD = r'"(?:[^"\\]|\\.)*"(?=[\s;,)]|$)|' r"'[^']*'(?=[\s;,)]|$)|" r"(?![][{}()];?(?:\s|$))\S+?(?=[;,)]*(?:\s|$))"
_REST = r"(?![][{}()];?(?:\s|$))\S.*?(?=[ \t]*;?(?:[ \t]+## SECRET-DATA)?[ \t]*$)"
_BLANKS = {" ": r"[ \t]+", " ?": r"[ \t]*"}
_SHORT = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|<(?P<short>[SRT])>| \??")  # escapes and [sets] stay as they are
_STARTS_WITH_A_WORD = re.compile(r"(?:\(\?:)?[A-Za-z]")


def expanded(pattern: str, *, alone: bool = True) -> str:
    """Return the regular expression that a pattern is short for. `alone`: its first word is no end of another."""
    count = 0

    def long(match: re.Match[str]) -> str:
        nonlocal count
        if match[0] in _BLANKS:
            return _BLANKS[match[0]]
        if match["short"] is None:
            return match[0]
        if match["short"] == "T":
            return _TYPES
        count += 1
        return f"(?P<s{count}>{_WORD if match['short'] == 'S' else _REST})"

    before = ""
    if pattern.startswith("<"):
        before = r"(?<!\S)"
    elif alone and _STARTS_WITH_A_WORD.match(pattern):
        before = r"(?<![\w-])"
    return before + _SHORT.sub(long, pattern)


def _pattern(text: str) -> str:
    try:
        re.compile(expanded(text))
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from None
    return text


def _known_item(name: str) -> str:
    known = CHOICES["device_config_item"]
    if name not in known:
        raise ValueError(f"{name!r} is no item of collectors/vocabulary.py ({', '.join(sorted(known))})")
    return name


Pattern = Annotated[str, AfterValidator(_pattern)]
ItemName = Annotated[str, AfterValidator(_known_item)]
Flag = Annotated[Literal[0, 1], BeforeValidator(lambda typed: {"0": 0, "1": 1}.get(typed, typed))]


LISTS = ("changing", "masks", "keywords", "words", "keep", "security", "nothing_saved", "differs")
"""The fields of a Syntax that are patterns to search for."""


def compiled(pattern: str, *, alone: bool = True) -> re.Pattern[str]:
    """Compile a pattern of a syntax file."""
    return re.compile(expanded(pattern, alone=alone), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Search:
    """A pattern at work. `on_path`: it names what the line stands under, so it is held against the whole path."""

    regex: re.Pattern[str]
    on_path: bool

    @classmethod
    def of(cls, pattern: str, *, alone: bool = True) -> "Search":
        return cls(compiled(pattern, alone=alone), pattern.startswith("^") or "/ " in pattern)


class Decision(Strict):
    """One way to tell whether the configuration has an item; of several the first that can tell speaks.

    `line`: some line is like this. `each`: there are sections with such a head, and every one has a line like `has`
    (then `is`), or one has not (then `else`, if given). `some`: a section with such a head has a line like each of
    `with`, and none like `without`. None of these: what holds when nothing is said of it. An `is` of null says that
    it cannot be told: an encrypted community may be any.
    """

    line: Pattern | None = None
    each: Pattern | None = None
    has: Pattern | None = None
    some: Pattern | None = None
    with_: list[Pattern] = Field([], alias="with")
    without: list[Pattern] = []
    value: Flag | None = Field(alias="is")
    otherwise: Flag | None = Field(None, alias="else")

    @model_validator(mode="after")
    def _whole(self) -> "Decision":
        if sum(one is not None for one in (self.line, self.each, self.some)) > 1:
            raise ValueError("needs one of line, each, some, or none of them (what holds by default)")
        if (self.each is None) != (self.has is None) or (self.otherwise is not None and self.each is None):
            raise ValueError("each and has belong together, and else to them")
        if bool(self.with_ or self.without) != (self.some is not None):
            raise ValueError("some belongs to with and without")
        return self


class Block(Strict):
    """Lines that are secret from one that holds `begin` to one that holds `end`: a private key."""

    begin: Pattern
    end: Pattern


class Syntax(Strict):
    """One family's configuration. `name` is the file's name; `_parts` are only extended."""

    name: str
    extends: list[str] = []
    end: Pattern | None = None  # the last line: without it the text was cut off
    changing: list[Pattern] = []  # lines that change by themselves: dates, counters
    masks: list[Pattern] = []  # where secrets stand
    blocks: list[Block] = []
    keywords: list[Pattern] = []  # words that secrets follow in any family; all that comes after is taken for one
    words: list[Pattern] = []  # that may stand between such a word and its secret
    keep: list[Pattern] = []  # lines with such words and no secret
    nothing_saved: list[Pattern] = []  # what a device says that has no saved configuration
    differs: list[Pattern] = []  # lines that the running and the saved configuration write differently
    reencrypts: bool = False  # every display of the same secret is different: its mark does not tell a change
    security: list[Pattern] = []  # paths whose change matters to who may get in
    items: dict[ItemName, list[Decision]] = {}

    @cached_property
    def _searches(self) -> dict[str, list[Search]]:
        return {name: [Search.of(each, alone=name != "keywords") for each in getattr(self, name)] for name in LISTS}

    def searches(self, field: str) -> list[Search]:
        """Return the patterns of a field that is a list of them, ready to use."""
        return self._searches[field]
