"""Configurations with secrets in them: each family's ways of writing one, and secrets as each family writes them.

A `{kind}` of a line of tests/data/secrets is filled with a seeded secret of that kind.
"""

import random
import re
import string
from dataclasses import dataclass
from pathlib import Path

WORD = string.ascii_letters + string.digits
B64 = WORD + "+/"
MARKS = "!@#$%^&*_-+=.,:?~"
BRACKETS = "([{"
HUAWEI = WORD + "!@#$^&*_-+=.,:;?~'\"/\\|()[]{}<>`"

LINES = {
    path.stem: path.read_text("utf-8").strip("\n")
    for path in sorted((Path(__file__).parent.parent / "data" / "secrets").iterdir())
}
"""Family → its ways of writing a secret."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """A configuration and the secrets in it, by line number."""

    lines: list[str]
    secrets: list[tuple[int, str]]


def seeded(syntax: str, seed: int = 4711) -> Seeded:
    """Return a family's configuration, its secrets made from the seed."""
    chance = random.Random(f"{syntax} {seed}")  # noqa: S311 - not secrets of anyone
    lines: list[str] = []
    secrets: list[tuple[int, str]] = []
    for line in LINES[syntax].split("\n"):

        def fill(match: re.Match[str], number: int = len(lines)) -> str:
            secret = a_secret(match[1], chance)
            secrets.append((number, secret))
            return secret

        lines.append(re.sub(r"\{(\w+)\}", fill, line))
    return Seeded(lines, secrets)


def a_secret(kind: str, chance: random.Random) -> str:
    """Return a secret as a device would show it."""

    def some(alphabet: str, shortest: int, longest: int) -> str:
        return "".join(chance.choices(alphabet, k=chance.randint(shortest, longest)))

    word = some(WORD, 9, 16)
    forms = {
        "word": lambda: word,
        "plain": lambda: chance.choice(WORD + BRACKETS) + some(WORD + MARKS, 6, 14) + chance.choice(WORD),
        "two": lambda: f"{some(WORD, 6, 9)} {some(WORD, 6, 9)}",
        "quoted": lambda: f'{some(WORD, 6, 9)} {some(WORD + MARKS, 6, 9)}\\"{some(WORD, 6, 9)}',
        "hex": lambda: some("0123456789ABCDEF", 14, 64),
        "b64": lambda: some(B64, 40, 70) + "==",
        "vrp": lambda: f"%^%#{some(HUAWEI, 24, 48)}%^%#",
        "vrp1": lambda: f"$1a${some(WORD + '!/.', 10, 10)}${some(HUAWEI, 30, 44)}$",
        "comware": lambda: f"$c$3${some(B64, 24, 60)}==",
        "comhash": lambda: f"$h$6${some(B64, 16, 16)}${some(B64, 80, 88)}==",
        "crypt1": lambda: f"$1${some(WORD, 4, 8)}${some(WORD + './', 22, 22)}",
        "crypt5": lambda: f"$5${some(WORD, 8, 8)}${some(WORD + './', 43, 43)}",
        "crypt6": lambda: f"$6${some(WORD, 16, 16)}${some(WORD + './', 86, 86)}",
        "cisco8": lambda: f"$8${some(WORD + './', 14, 14)}${some(WORD + './', 43, 43)}",
        "cisco9": lambda: f"$9${some(WORD + './', 14, 14)}${some(WORD + './', 43, 43)}",
        "junos9": lambda: f"$9${some(WORD + '-./', 16, 60)}",
    }
    return forms[kind]()
