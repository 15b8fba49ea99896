"""The lines of RFC 9271, as they are written and as they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import nut_message
from collectors.errors import Unsupported

PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("OK", ["OK"]),
        ("  ERR   DATA-STALE \n", ["ERR", "DATA-STALE"]),
        ('VAR su700 ups.mfr "APC"', ["VAR", "su700", "ups.mfr", "APC"]),
        ('VAR su700 ups.id ""', ["VAR", "su700", "ups.id", ""]),
        (r'UPS a "the \"big\" one \\ 2"', ["UPS", "a", r'the "big" one \ 2']),
        (r"UPS a two\ words", ["UPS", "a", "two words"]),
        ('VAR a b "not closed', None),
        ('VAR a b "escaped end\\', None),
        ("lone backslash \\", None),
    ],
)
def test_a_line_is_words_and_quoted_texts(line: str, words: list[str] | None) -> None:
    assert nut_message.words(line) == words


@given(PRINTABLE)
def test_any_text_that_is_sent_is_read_as_it_was(text: str) -> None:
    assert nut_message.words(f"USERNAME {nut_message.quoted(text)}") == ["USERNAME", text]


@given(st.text())
def test_any_line_is_words_or_none_of_the_protocol(line: str) -> None:
    found = nut_message.words(line)
    assert found is None or all(isinstance(word, str) for word in found)


def test_a_line_of_nothing_but_quotes_and_backslashes_takes_no_time() -> None:
    assert nut_message.words('"' + "\\" * 4001) is None


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\0", "\x7f"])
def test_what_would_be_two_lines_is_not_sent(text: str) -> None:
    with pytest.raises(Unsupported):
        nut_message.quoted(text)


@pytest.mark.parametrize(
    ("said", "item"),
    [
        (["VAR", "a", "ups.load", "12"], ("ups.load", "12")),
        (["VAR", "b", "ups.load", "12"], None),
        (["VAR", "a", "ups.load"], None),
        (["VAR", "a", "ups.load", "12", "13"], None),
        (["VAR", "a", "-x", "12"], None),
        (["VAR", "a", "x" * 65, "12"], None),
        (["UPS", "a", "ups.load", "12"], None),
        (None, None),
    ],
)
def test_only_a_line_of_the_list_asked_for_is_an_item(said: list[str] | None, item: tuple[str, str] | None) -> None:
    assert nut_message.item(said, ["VAR", "a"]) == item
