"""Turn what commands printed into samples and facts, by ntc-templates' TextFSM templates or a regex. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

import textfsm

from collectors import convert, field_rows, ntc, series
from collectors.errors import Refused, Unsupported
from collectors.field_rows import Row
from collectors.model import Failure, Sample
from collectors.profiles.rules import Cli, Command, Symbol
from collectors.terminal import quote
from collectors.vocabulary import SEVERAL

MAX_LINE = 2_000  # characters; longer lines are cut, so that no pattern takes long over them
MAX_OUTPUT = 1_000_000  # characters; a search holds every other thread up
MAX_REJECTION = 5  # lines with text a device's refusal of a command has at most
PARSE = "parse"  # the Failure kind of output that is not what the profile expects

_UNKNOWN = re.compile(
    r"^\s*(?:%\s*)?(?:(?:server )?error(?: \d+)? ?: ?)?(?:unrecognized command|invalid input|invalid command|"
    r"invalid syntax|unknown command|bad command name|expected (?:end of )?command|input does not match|"
    r"(?:incomplete|ambiguous) (?:command|input)|command incomplete|wrong parameter|too many parameters|"
    r"incorrect command|syntax error|command parse error before|command fail\. return code|unknown action)\b.*"
    r"|^\s*(?:%\s*)?(?:(?:server )?error ?: ?|info: ?)?(?:global )?lldp is "
    r"(?:not (?:enabled|configured|running)|disabled)\b.*"
    r"|^(?:error: )?the \S+ subsystem is not running.*$|^error: command is not valid on .*$"
    r"|^[\w./-]*sh: .*(?:not found|no such file or directory)$|^\S+: .*: no such file or directory$"
    r"|^system has not been booted with systemd.*$|^failed to connect to (?:system )?bus.*$"
    r"|^\s*(?:% ?|error: ?|info: ?)?(?:the )?(?:bgp|ospf)\b[^\n]{0,40}? "
    r"(?:inactive|not (?:enabled|active|running|found|exist))\b.*$"
    r"|^\w+d is not running$|^(?:error: )?chassis cluster is not enabled\.?$",
    re.IGNORECASE | re.MULTILINE,
)
_FORBIDDEN = re.compile(
    r"^.*(?:permission denied|authorization failed|not authorized|no permission|do not have (?:the )?permission|"
    r"command not allowed|have no right|insufficient privilege|operation not permitted|not enough permissions).*$",
    re.IGNORECASE | re.MULTILINE,
)
_STATE_ERROR = re.compile(r"Input Line: (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the outputs say. `expected`: names this device can give, without those of commands it need not have."""

    samples: tuple[Sample, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    expected: frozenset[str] = frozenset()


def expected(cli: Cli, without: Collection[str] = ()) -> frozenset[str]:
    """Return the sample names a profile can produce over SSH; `without` are commands the device does not have."""
    return frozenset(chain.from_iterable(samples_of(c) for c in cli.commands if c.command not in without))


def samples_of(command: Command) -> frozenset[str]:
    """Return the sample names a command's output becomes."""
    return field_rows.names_of(command.symbols)


def parse(cli: Cli, outputs: Mapping[str, str], lacking: Collection[str] = ()) -> Parsed:
    """Turn outputs (by command line) into samples and facts; a command without output here is left out.

    `lacking` are optional commands the device is known not to have.

    A command the device rejects is a Failure `unsupported`, or nothing if it is optional; one it forbids is `refused`.
    Output that is not understood is a Failure `parse`, and costs no other command.
    """
    made: list[series.Made] = []
    facts: dict[str, str] = {}
    failures: list[Failure] = []
    not_had = [*lacking]
    for number, command in enumerate(cli.commands):
        if command.command not in outputs:
            continue
        # lines of blanks are nothing to read, and some patterns take long over them
        output = "\n".join("" if line.isspace() else line[:MAX_LINE] for line in outputs[command.command].split("\n"))
        if len(output) > MAX_OUTPUT:
            failures.append(_failure(PARSE, command, f"{len(output):,} characters are more than we read"))
            continue
        if (rejection := rejected(command, output)) is not None:
            if command.optional and rejection.kind == Unsupported.kind:
                not_had.append(command.command)
            else:
                failures.append(rejection)
            continue
        reader = _Reader(number, command, output)
        made += reader.made()
        facts = reader.facts() | facts
        failures += reader.failures
    return Parsed(series.distinct(made), facts, tuple(failures), expected(cli, not_had))


def rejected(command: Command, output: str) -> Failure | None:
    """Return the Failure of an output that is nothing but the device's refusal of the command; None for any other."""
    said = [line for line in output.split("\n") if line.strip()]
    if len(said) > MAX_REJECTION:
        return None
    for kind, pattern in ((Refused.kind, _FORBIDDEN), (Unsupported.kind, _UNKNOWN)):
        if (match := pattern.search("\n".join(said))) is not None:
            return _failure(kind, command, f"the device answers {quote(match[0])}")
    return None


def _failure(kind: str, command: Command, why: str, names: frozenset[str] | None = None) -> Failure:
    return Failure("ssh", kind, command.command, f"{command.command}: {why}", names or samples_of(command))


class _Reader:
    """Reads one command's output, and keeps what it could not read as failures."""

    def __init__(self, number: int, command: Command, output: str) -> None:
        self.failures: list[Failure] = []
        self._number = number
        self._command = command
        rows = self._by_template(output) if command.template is not None else self._by_regex(output)
        self._rows = [row for row in rows if convert.counts(row, command.where, command.where_not)]

    def made(self) -> Iterator[series.Made]:
        seen: set[tuple[object, ...]] = set()
        for index, samples in self._added_up() if self._command.add_up else self._by_row():
            what = tuple((each.series, each.value) for each in samples)
            if what not in seen:
                seen.add(what)
                yield series.Made(self._number, index, samples, self._command.fallback)

    def _by_row(self) -> Iterator[field_rows.Made]:
        numbered = ((str(n), row) for n, row in enumerate(self._rows, start=1))
        return field_rows.samples(numbered, self._command.symbols, self._command.metric_tags, self._no_number)

    def _added_up(self) -> Iterator[field_rows.Made]:
        yield "", field_rows.added_up(self._by_row())

    def facts(self) -> dict[str, str]:
        found = {fact: self._fact(fact, key) for fact, key in self._command.facts.items()}
        return {fact: words for fact, words in found.items() if words}

    def _fact(self, fact: str, key: str) -> str:
        words = [each for row in self._rows if (each := convert.text(row.get(key)))]
        if fact not in SEVERAL:
            return next(iter(words), "")
        every = ", ".join(dict.fromkeys(words))
        return every if ", " in every else ""

    def _no_number(self, symbol: Symbol, error: convert.NotANumber) -> None:
        names = field_rows.names_of([symbol])
        self.failures.append(_failure(PARSE, self._command, f"{symbol.key} {quote(str(error))}", names))

    def _by_template(self, text: str) -> list[Row]:
        command = self._command
        try:
            rows = ntc.records(command.template or "", command.command, text)
        except textfsm.TextFSMError as error:
            line = _STATE_ERROR.search(str(error))
            self._not_understood(line[1] if line else str(error))
            return []
        except ntc.NoTemplate:
            self.failures.append(_failure("profile", command, f"ntc-templates has none for {command.template}"))
            return []
        if not rows and command.facts and text.strip():
            self._not_understood(text)
        return [field_rows.completed(_flat(row), command.symbols) for row in rows]

    def _by_regex(self, text: str) -> list[Row]:
        matches = list(re.finditer(self._command.regex or "", text, re.MULTILINE))
        if not matches and text.strip():
            self._not_understood(text)
        elif self._command.beside is not None and (strange := _stray_line(text, matches, self._command.beside)):
            self._not_understood(strange)
        found = _filled(matches, self._command.filldown)
        return [field_rows.completed(fields, self._command.symbols) for fields in found]

    def _not_understood(self, text: str) -> None:
        first = next(filter(str.strip, text.split("\n")), "")
        self.failures.append(_failure(PARSE, self._command, f"the output is not understood, from {quote(first)}"))


def _stray_line(text: str, matches: Iterable[re.Match[str]], beside: str) -> str:
    """Return the first line no match touches and `beside` does not describe, or ""."""
    known = re.compile(beside)
    touched = _touched(text, matches)
    lines = enumerate(text.split("\n"))
    return next((s for n, line in lines if (s := line.strip()) and n not in touched and not known.fullmatch(s)), "")


def _touched(text: str, matches: Iterable[re.Match[str]]) -> set[int]:
    """Return the numbers of the lines that are part of a match."""
    found: set[int] = set()
    line = at = 0
    for match in matches:
        line += text.count("\n", at, match.start())
        at = match.start()
        found.update(range(line, line + match[0].rstrip().count("\n") + 1))
    return found


def _filled(matches: Iterable[re.Match[str]], carried: Collection[str]) -> Iterator[dict[str, str | None]]:
    last: dict[str, str | None] = dict.fromkeys(carried)
    for match in matches:
        fields = match.groupdict()
        last = {key: last[key] if fields.get(key) is None else fields[key] for key in carried}
        yield {**fields, **last}


def _flat(row: Mapping[str, object]) -> dict[str, str]:
    """TextFSM's List values are lists of text: `serial` becomes all of them joined, `serial[0]` the first."""
    lists = {key: [str(each) for each in value] for key, value in row.items() if isinstance(value, list)}
    firsts = {f"{key}[0]": value[0] for key, value in lists.items() if value}
    return {key: str(value) for key, value in row.items()} | {k: ", ".join(v) for k, v in lists.items()} | firsts
