"""What changed between two configurations, and whether it guards who may get in."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.configs.drift import CHANGED, CHANGED_ACCESS, MAX_COMPARED, MAX_WIDTH, SAME, compare
from collectors import configs

VRP = configs.load("vrp")
OLD = [
    *("sysname x", "#", "aaa", " local-user ops password irreversible-cipher <masked:1a2b>", "#"),
    *(
        "interface GE0/0/1",
        " description a",
        " port link-type access",
        "#",
        "ip route-static 0.0.0.0 0 192.0.2.1",
        "return",
    ),
]


def with_line(old: str, *new: str) -> list[str]:
    at = OLD.index(old)
    return [*OLD[:at], *new, *OLD[at + 1 :]]


@pytest.mark.parametrize(
    ("new", "value"),
    [
        (OLD, SAME),
        (with_line(" description a", " description b"), CHANGED),
        (with_line(" description a"), CHANGED),
        (with_line("return", "ip route-static 10.0.0.0 8 192.0.2.2", "return"), CHANGED),
        (with_line(OLD[3], " local-user ops password irreversible-cipher <masked:ffff>"), CHANGED_ACCESS),
        (with_line("aaa", "acl 2001", " rule permit", "aaa"), CHANGED_ACCESS),
        (with_line("sysname x", "sysname x", "telnet server enable"), CHANGED_ACCESS),
        (with_line(" port link-type access", " traffic-filter inbound acl 3000"), CHANGED_ACCESS),
    ],
)
def test_a_change_is_weighed_by_where_it_stands(new, value):
    assert compare(OLD, new, VRP).value == value


def test_the_diff_shows_what_is_gone_and_what_came_with_a_line_around():
    drift = compare(OLD, with_line(" description a", " description b", " shutdown"), VRP)
    assert drift.lines == (
        "@@ -6 +6 @@",
        " interface GE0/0/1",
        "- description a",
        "+ description b",
        "+ shutdown",
        "  port link-type access",
    )
    assert (drift.removed, drift.added) == (1, 2)
    assert drift.shown(40) == "\n".join(drift.lines)
    assert compare(OLD, OLD, VRP).shown(40) == ""


def test_a_long_diff_is_cut_and_says_how_much_is_left():
    drift = compare(OLD, [*OLD[:-1], *(f"ip route-static 10.{n}.0.0 16 192.0.2.2" for n in range(100)), "return"], VRP)
    shown = drift.shown(40).split("\n")
    assert len(shown) == 40
    assert shown[-1] == "… +64 lines (−0 +100)"


def test_a_wide_line_is_cut():
    assert max(map(len, compare(OLD, [*OLD, "x" * 9_000], VRP).shown(40).split("\n"))) == MAX_WIDTH


def test_of_too_much_only_the_numbers_are_told():
    drift = compare([f"a{n}" for n in range(MAX_COMPARED)], [f"b{n}" for n in range(9)], VRP)
    assert (drift.removed, drift.added, drift.value, len(drift.lines)) == (MAX_COMPARED, 9, CHANGED_ACCESS, 1)


LINES = st.lists(st.sampled_from(["#", "aaa", " x", "  y", "z", "acl 2001"]), max_size=30)


@given(LINES, LINES)
def test_nothing_is_missed(old, new):
    drift = compare(old, new, VRP)
    assert (drift.value == SAME) == (old == new)
    assert drift.added - drift.removed == len(new) - len(old)
    gone, come = Counter(old), Counter(new)
    for line in drift.lines:
        gone[line[1:]] -= line[0] == "-"
        come[line[1:]] -= line[0] == "+"
    assert +gone == +come  # what is left on either side is the same
    assert sum(line[0] == "+" for line in drift.lines) == drift.added
    assert sum(line[0] == "-" for line in drift.lines) == drift.removed
