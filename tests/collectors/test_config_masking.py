"""No secret of a configuration survives masking; what is none stays as it is."""

import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collectors import configs
from collectors.configs.masking import MAX_LINE, mask
from collectors.configs.text import lines_of
from tests.collectors.seeded_secrets import LINES, Seeded, a_secret, seeded

SYNTAXES = sorted(LINES)
MARK = "<masked>"
SHORTEST = 6  # characters of a secret that may not be seen anywhere


def masked(lines: list[str], syntax: str) -> list[str]:
    return mask(lines, configs.load(syntax), lambda before, secret: MARK)


def survivors(config: Seeded, output: list[str]) -> list[tuple[str, str]]:
    """Return (line, masked line) of every secret of which some characters are left."""
    return [
        (config.lines[number], output[number])
        for number, secret in config.secrets
        if any(secret[n : n + SHORTEST] in output[number] for n in range(len(secret) - SHORTEST + 1))
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_no_seeded_secret_survives(syntax, seed):
    config = seeded(syntax, seed)
    output = masked(config.lines, syntax)
    assert survivors(config, output) == []
    assert len(output) == len(config.lines)


def test_more_than_two_hundred_secrets_are_seeded_and_every_syntax_has_some():
    assert sum(len(seeded(syntax).secrets) for syntax in SYNTAXES) > 200
    assert configs.names() <= set(SYNTAXES)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_words_that_lead_to_a_secret_and_blanks_before_the_line_stay(syntax):
    config = seeded(syntax)
    for number, line in enumerate(masked(config.lines, syntax)):
        original = config.lines[number]
        assert len(line) - len(line.lstrip()) == len(original) - len(original.lstrip())
        if MARK not in line:
            assert line == original
        else:
            assert line.split()[0] == original.split()[0] or MARK in line.split()[0]


@given(syntax=st.sampled_from(SYNTAXES), seed=st.integers(0, 2**32))
@example(syntax="fortios", seed=504)  # a secret with ## in it
def test_odd_blanks_and_case_hide_no_secret(syntax, seed):
    config, chance = seeded(syntax, seed), random.Random(seed)  # noqa: S311 - not secrets of anyone
    lines = list(config.lines)
    for number in {number for number, _ in config.secrets}:
        held = [secret for at, secret in config.secrets if at == number]
        pieces = re.split("(" + "|".join(map(re.escape, held)) + ")", lines[number].lstrip())
        indent = " " * (len(lines[number]) - len(lines[number].lstrip()))
        odd = [piece if piece in held else written_otherwise(piece, chance) for piece in pieces]
        lines[number] = indent + "".join(odd) + chance.choice(["", " ", "\t"])
    assert survivors(config, masked(lines, syntax)) == []


def written_otherwise(text: str, chance: random.Random) -> str:
    """Return words with other blanks between them, and in other letters where letters do not matter."""
    if "://" not in text and "-----" not in text:
        text = chance.choice([text, text.upper(), text.title()])
    return re.sub(" +", lambda _: chance.choice([" ", "  ", "\t", " \t  ", " " * 70]), text)


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_quoted_secret_does_not_survive_either(syntax, quote):
    config = seeded(syntax)
    lines = list(config.lines)
    for number, secret in config.secrets:
        if not re.search(r"""["'@\s]""", secret) and f'"{secret}' not in lines[number] and "://" not in lines[number]:
            lines[number] = lines[number].replace(secret, f"{quote}{secret}{quote}")
    assert survivors(config, masked(lines, syntax)) == []


BENIGN = {path.stem: path for path in (Path(__file__).parent.parent / "data" / "benign").iterdir()}


@pytest.mark.parametrize("syntax", sorted(BENIGN))
def test_what_is_no_secret_stays(syntax):
    lines = BENIGN[syntax].read_text("utf-8").rstrip("\n").split("\n")
    assert masked(lines, syntax) == lines


@pytest.mark.parametrize(
    "word", ["maxwell", "policyholder", "minnie", "history", "alerts", "none", "text", "string", "max"]
)
@pytest.mark.parametrize(
    ("syntax", "line"),
    [
        ("ios", " password {}"),
        ("ios", "enable password {}"),
        ("ios", "snmp-server community {} RO 10"),
        ("rgos", "snmp-server community 0 {} ro"),
        ("vrp", "snmp-agent community read {} acl 2001"),
        ("vrp", " local-user a password simple {}"),
        ("comware", "snmp-agent community read simple {}"),
        ("junos", "set snmp community {} authorization read-only"),
        ("frr", " neighbor 192.0.2.1 password {}"),
        ("_generic", "password {}"),
    ],
)
def test_a_secret_that_is_a_word_of_the_language_does_not_survive(syntax, line, word):
    assert masked([line.format(word)], syntax) == [line.format(MARK)]


@pytest.mark.parametrize("secret", ["(s3cret", "[s3cret", "{s3cret"])
def test_a_secret_that_begins_with_a_bracket_does_not_survive(secret):
    assert masked([f"frobnicate password {secret}"], "no-such-os") == [f"frobnicate password {MARK}"]


def test_a_secret_is_not_cut_in_two_where_only_python_sees_a_new_line():
    lines = lines_of("a\nenable password hunter\u20282secret\x1cmore\nb", configs.load("ios"))
    assert masked(lines, "ios") == ["a", f"enable password {MARK}", "b"]


def test_the_mark_is_made_of_what_stands_before_the_secret_and_the_secret():
    seen: list[tuple[str, str]] = []

    def mark(before: str, secret: str) -> str:
        seen.append((before, secret))
        return "X"

    assert mask([" local-user bob password cipher s3cret level 3"], configs.load("vrp"), mark)[0].endswith(
        "cipher X level 3"
    )
    assert seen == [("local-user bob password cipher ", "s3cret")]


def test_a_line_too_long_to_read_is_masked_whole():
    assert masked([" description " + "x" * MAX_LINE], "ios") == [" " + MARK]


RUN = " " * 3_000


@pytest.mark.parametrize(
    ("syntax", "lines", "expected"),
    [
        ("ios", [f"enable secret x{RUN}y"], [f"enable secret {MARK}"]),
        ("ios", [f" snmp-server community{RUN}hunter2 RO"], [f" snmp-server community{RUN}{MARK} RO"]),
        ("ios", [f"frobnicate{RUN}password \t\t hunter2"], [f"frobnicate{RUN}password \t\t {MARK}"]),
        ("frr", [f"router bgp{RUN}65000", " password hunter2"], [f"router bgp{RUN}65000", f" password {MARK}"]),
        ("ios", [f"-----BEGIN{RUN} PRIVATE KEY-----", "MIIE"], [f"-----BEGIN{RUN} PRIVATE KEY-----", MARK]),
        ("ios", [f"* no trespassing{RUN}*"], [f"* no trespassing{RUN}*"]),
    ],
)
def test_blanks_hide_no_secret_and_stay_however_many_they_are(syntax, lines, expected):
    assert masked(lines, syntax) == expected


def test_a_private_key_that_begins_late_in_a_line_too_long_to_read_masks_all_that_follows():
    begin = "x" * MAX_LINE + " -----BEGIN RSA PRIVATE KEY-----"
    assert masked([begin, "MIIE", "-----END RSA PRIVATE KEY-----", "a"], "ios") == [
        *(MARK, MARK, "-----END RSA PRIVATE KEY-----", "a"),
    ]


def test_a_private_key_without_an_end_masks_all_that_follows():
    lines = ["a", "-----BEGIN RSA PRIVATE KEY-----", "MIIE", "interface x", ""]
    assert masked(lines, "ios") == ["a", "-----BEGIN RSA PRIVATE KEY-----", MARK, MARK, ""]


def test_a_family_nobody_knows_is_masked_by_what_all_have_in_common():
    assert configs.load("no-such-os").name == "_generic"
    secret = a_secret("plain", random.Random(1))  # noqa: S311 - as above
    assert masked([f"frobnicate password {secret}"], "no-such-os") == [f"frobnicate password {MARK}"]


@pytest.mark.parametrize(
    "lines",
    [
        *(["password " * 400], ["$" * 3_900], ["%^%#" * 900], ["key " * 900], ['"' * 3_900], ["a:/" * 1_200]),
        [letter * 3_900 for letter in "abcd"],
        ["enable secret x" + " " * 3_900 + "y"],
        ["snmp-server user" + "\t " * 1_900 + "auth"],
        ["radius" + " " * 900, " x" + " " * 3_000 + "/ key"],
        ["-----BEGIN" + " " * 1_000_000 + "x"],
        ["-----BEGIN RSA PRIVATE KEY-----", "-----END" + " " * 1_000_000 + "x"],
        ["interface " + "x" * 2_000_000, *[" shutdown"] * 10_000],
    ],
)
@pytest.mark.parametrize("syntax", ["vrp", "ios", "junos", "panos"])
def test_no_line_takes_long(syntax, lines):
    began = time.process_time()
    masked(lines, syntax)
    assert time.process_time() - began < 1.0
