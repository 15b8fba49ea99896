"""collectors/terminal.py."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.terminal import MAX_LINE, is_pager, is_pause, is_prompt, is_question, last_line, plain, quote


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"Slot 1\r\nSlot 2\r\n", "Slot 1\nSlot 2\n"),
        (b"a\r\r\nb", "a\nb"),
        (b"tab\tstays", "tab\tstays"),
        (b"\x1b[01;32mgreen\x1b[00m", "green"),
        (b"\x1b]0;window title\x07prompt>", "prompt>"),
        (b"\x1b]0;title ended by ST\x1b\\prompt>", "prompt>"),
        (b"\x1b[?2004hshell\x1b[?2004l", "shell"),
        (b"no\x00nul\x7f", "nonul"),
        (b"a lone escape \x1b", "a lone escape"),
        (b"\x1b[999999999999Dfar left", "far left"),
        (b"spark \x1b[1Dled", "sparkled"),
        (b"line\r\x1b[Knew", "new"),
        (b"gone\x1b[2Knew", "new"),
        (b"  ---- More ----\x1b[16D                \x1b[16Dnext", "next"),
        (b"---- More ----\r              \rnext", "next"),
        (b" --More-- " + b"\b" * 10 + b" " * 10 + b"\b" * 10 + b"next", "next"),
        (b"\b\b\bleft edge", "left edge"),
        (b"typed\x1bE\x1b[24;1H\x1b[2Kprinted", "typed\nprinted"),
    ],
)
def test_bytes_become_what_a_terminal_would_show(raw: bytes, shown: str) -> None:
    assert plain(raw) == shown


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("核心交换机 25 °C".encode(), "核心交换机 25 °C"),
        ("核心交换机".encode("gb18030"), "核心交换机"),
        (b"45 \xb0C", "45 °C"),
        ("核心\n".encode("gb18030") + b"45 \xb0C", "核心\n45 °C"),
        ("To 联通\n核心".encode("gb18030"), "To 联通\n核心"),
        (b"\xff\xff\xff", "\xff\xff\xff"),
    ],
)
def test_text_is_utf_8_else_gb18030_else_latin_1(raw: bytes, text: str) -> None:
    assert plain(raw) == text


@given(st.binary(max_size=300))
def test_whatever_a_device_prints_no_control_character_is_left(raw: bytes) -> None:
    kept = plain(raw).replace("\n", "").replace("\t", "")
    assert not any(unicodedata.category(char) == "Cc" for char in kept)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=100))
def test_text_without_control_characters_stays_as_it_is(text: str) -> None:
    assert plain(text.encode()) == text


@pytest.mark.parametrize(
    "line", ["<SW1>", "sw1#", "sw1>", "[~HUAWEI]", "ops@db-1:~$", "host%", "HRP_M<FW1>", "/ #", "$", "[root@db ~]#"]
)
def test_a_prompt_is_known_by_its_end(line: str) -> None:
    assert is_prompt(line)
    assert not is_question(line)


@pytest.mark.parametrize("line", ["", "Welcome", "login:", "x" * 300 + "#", "#####", "# only for staff ###", "***>"])
def test_other_lines_are_no_prompt(line: str) -> None:
    assert not is_prompt(line)


@pytest.mark.parametrize(
    "line",
    [
        *("---- More ----", " --More-- ", "--More--", "-- MORE --", "<--- More --->", "--More (q)--", "lines 1-23"),
        "-- MORE --, next page: Space, next line: Enter, quit: Control-C",
        "--More--, next page: Space, next line: Return key, quit: Control-c",
    ],
)
def test_a_pager_is_known(line: str) -> None:
    assert is_pager(line)


@pytest.mark.parametrize(
    "line", ["--- More than 5 errors ---x", "more", "--------", "--More-- 12 lines of log", "lines 1-23 of a log"]
)
def test_other_lines_are_no_pager(line: str) -> None:
    assert not is_pager(line)


@pytest.mark.parametrize(
    "line",
    [
        "The password needs to be changed. Change now? [Y/N]:",
        "Are you sure to continue? [Y/N]",
        "Do you want to save (yes/no)?",
        "Please choose 'yes/no':",
        "Press Y or ENTER to continue, N to exit.",
        "Press any key to continue",
        "Current password:",
        "Enter new password: ",
        "(current) UNIX password:",
        "Enter passphrase for key:",
        "请输入新密码：",
        "是否继续？[Y/N]:",
        "Do you agree?",
    ],
)
def test_a_question_for_a_person_is_known(line: str) -> None:
    assert is_question(line)


def test_a_banner_that_waits_for_any_key_is_told_from_a_question_that_a_key_answers() -> None:
    assert is_pause("Press any key to continue")
    assert not is_pause("Press any key to continue or N to stop")
    assert not is_pause("Press Y or ENTER to continue, N to exit.")


@pytest.mark.parametrize("line", ["<SW1>", "Password expired 3 days ago", "Continue reading the log", "y/n", "", "a?"])
def test_other_lines_are_no_question(line: str) -> None:
    assert not is_question(line)


def test_a_line_is_a_pager_or_a_pause_up_to_a_length_and_a_question_by_its_end() -> None:
    wide = " " * MAX_LINE
    assert not is_pager(f"{wide}--More--")
    assert not is_pause(f"{wide}Press any key to continue")
    assert is_question(f"{wide}Do you agree? [Y/N]")
    assert not is_question(f"Press any key{wide}")


@pytest.mark.parametrize(
    "line", ["--more" + "-" * 4_000 + "x", "-" * 97 + "more" + "-" * 96 + "x", "是否" * 2_000, "password" * 500]
)
def test_no_line_takes_long(line: str) -> None:
    began = time.process_time()
    for _ in range(20):
        assert not (is_pager(line) or is_question(line) or is_pause(line))
    assert time.process_time() - began < 1.0


def test_the_last_line_is_where_the_cursor_stands() -> None:
    assert last_line(b"one\r\ntwo\r\n\x1b[32m<SW1>\x1b[0m ") == "<SW1>"
    assert last_line(b"one\r\n") == ""
    assert last_line(b"sw-1# show it\x1bE\x1b[24;1Hsw-1# ") == "sw-1#"


def test_a_quoted_line_is_short_and_shows_its_control_characters() -> None:
    assert quote(" \x1b[31mred\x00 ") == r"'\x1b[31mred\x00'"
    assert quote("a\u202eb") == r"'a\u202eb'"
    assert len(quote("x" * 500)) < 90
