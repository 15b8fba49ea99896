"""A configuration as a device prints it becomes lines to keep and compare."""

from pathlib import Path

import pytest

from collectors import configs
from collectors.configs.text import LARGEST, comparable, fault, lines_of, nothing_saved

KEPT = Path(__file__).parent.parent / "data" / "configs"

CHANGING = [
    ("ios", "! Last configuration change at 09:12:44 CST Mon Mar 2 2026 by ops"),
    ("ios", "! NVRAM config last updated at 09:13:02 CST Mon Mar 2 2026"),
    ("ios", "! No configuration change since last restart"),
    ("ios", "ntp clock-period 17179869"),
    ("ios", "Building configuration..."),
    ("ios", "Current configuration : 4711 bytes"),
    ("ios", "Current configuration: 4711 bytes"),
    ("ios", "Using 4711 out of 524288 bytes"),
    ("nxos", "!Time: Mon Mar  2 10:00:00 2026"),
    ("nxos", "!Running configuration last done at: Mon Mar  2 09:12:44 2026"),
    ("nxos", "!Command: show startup-config"),
    ("eos", "! Startup-config last modified at Mon Mar  2 09:12:44 2026 by ops"),
    ("eos", "! Command: show running-config"),
    ("vrp", "!Last configuration was updated at 2026-03-02 09:12:44+08:00 by ops"),
    ("vrp", "!Last configuration was saved at 2026-03-02 09:12:44+08:00 by ops"),
    ("junos", "## Last commit: 2026-03-02 09:12:44 CST by ops"),
    ("comware", "# Last configuration saved at 2026-03-02 09:12:44"),
    ("rgos", "!Last config change at 2026-03-02 09:12:44"),
    ("zxros", "!Last configuration change at 09:12:44"),
    ("fortios", "#conf_file_ver=41927381927381"),
    ("fortios", "#config-version=FG100F-7.2.5-FW-build1517-230606:opmode=0:vdom=0:user=ops"),
]


@pytest.mark.parametrize(("syntax", "line"), CHANGING)
def test_what_changes_by_itself_is_left_out(syntax, line):
    assert lines_of(f"a\n{line}\nb", configs.load(syntax)) == ["a", "b"]


@pytest.mark.parametrize("syntax", sorted(configs.names()))
def test_a_kept_configuration_is_whole_and_half_of_it_is_not(syntax):
    loaded = configs.load(syntax)
    lines = lines_of((KEPT / f"{syntax}.txt").read_text("utf-8"), loaded)
    assert fault(lines, loaded) == ""
    cut = fault(lines[: len(lines) // 2], loaded)
    assert cut == ("" if loaded.end is None else f"was cut off: its last line is not {loaded.end.strip('^$')!r}")


@pytest.mark.parametrize(
    ("lines", "words"),
    [([], "has 0 lines"), (["a", "", "b"], "has 2 lines"), (["x"] * (LARGEST + 1), "more than we keep")],
)
def test_what_can_be_no_configuration_is_refused_without_quoting_it(lines, words):
    assert words in fault(lines, configs.load("junos"))


def test_blanks_and_returns_at_the_end_of_lines_do_not_count():
    assert lines_of("\r\n\na  \r\n b\t\r\n\r\n", configs.load("ios")) == ["a", " b"]


@pytest.mark.parametrize(
    "said",
    [
        "startup-config is not present",
        "% startup-config not present",
        "The configuration file does not exist.",
        "No startup configuration",
    ],
)
def test_having_nothing_saved_is_told_from_a_saved_configuration(said):
    syntax = configs.load("ios")
    assert nothing_saved([said], syntax)
    assert not nothing_saved([said, "a", "b", "c", "d"], syntax)
    assert not nothing_saved([], syntax)


def test_comments_and_certificates_do_not_make_running_and_saved_differ():
    syntax = configs.load("ios")
    running = ["!", "a", "crypto pki certificate chain T", " certificate self-signed 01", "  3082", "  quit", "!", "b"]
    saved = ["a", "crypto pki certificate chain T", " certificate self-signed 01 nvram:x.cer", "b"]
    assert comparable(running, syntax) == comparable(saved, syntax) == ["a", "crypto pki certificate chain T", "b"]
