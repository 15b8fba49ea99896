from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collectors import yamlfile
from collectors.yamlfile import YamlError, dotted, parse, read, scan_text


@pytest.fixture(params=[yaml.SafeLoader, yaml.CSafeLoader], ids=["python", "libyaml"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamlfile, "_LOADER", request.param)


def problems(text: str) -> list[str]:
    with pytest.raises(YamlError) as caught:
        parse(text, "f")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "typed",
    [
        "NO",
        "off",
        "22:30",
        "0123",
        "1.10",
        "0x1F",
        "1_000",
        "2026-01-01",
        ".inf",
        "1e3",
        "=",
        "+86",
        "yes",
        "True",
        "12",
    ],
)
def test_a_plain_scalar_stays_what_was_typed(typed: str) -> None:
    assert parse(f"key: {typed}\n{typed}: [{typed}]", "f").data == {"key": typed, typed: [typed]}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("# nothing\n", None),
        ("---\n", None),
        ("a:\nb: ~\nc: null\nd: NULL", {"a": None, "b": None, "c": None, "d": None}),
        ("a: ''\nb: '~'\nc: \"null\"", {"a": "", "b": "~", "c": "null"}),
        ("null: x\n~: y", {"null": "x", "~": "y"}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("a: >-\n  one\n  line\n", {"a": "one line"}),
        ("'a': !!str 3", {"a": "3"}),
        ("a: &x [1, {b: 2}]\nc: *x", {"a": ["1", {"b": "2"}], "c": ["1", {"b": "2"}]}),
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x", {"a": "1", "b": "1", "c": "2", "d": "2"}),
        ("名: 核心-1 # 注", {"名": "核心-1"}),
        ("{a: [], b: {}}", {"a": [], "b": {}}),
    ],
)
def test_reads_plain_data(text: str, data: Any) -> None:
    assert parse(text, "f").data == data


DATA = st.recursive(
    st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(DATA, st.booleans())
def test_data_written_as_yaml_come_back_as_text(data: Any, flow: bool) -> None:
    text = yaml.safe_dump(data, default_style='"', default_flow_style=flow, allow_unicode=True).replace(
        '!!null "null"', "~"
    )
    document, found = scan_text(text, "f")
    assert (document.data, found) == (data, [])


@given(st.text(st.sampled_from("ab:-[]{},&*!|>'\"%@`#?~ \t\n\r：<"), max_size=60))
def test_any_text_is_data_or_a_problem_at_a_line_of_the_file(text: str) -> None:
    try:
        scan_text(text, "f")
    except YamlError as error:
        lines = len(text.splitlines()) + 1  # a key may stand after the last newline
        assert all(1 <= problem.line <= lines and "\n" not in str(problem) for problem in error.problems)


def test_remembers_the_line_of_each_key_and_item() -> None:
    document = parse("a: 1\nb:\n  - x\n  - c: 1\n    d:\n      2\ne: {f:\n  g}\n", "f")
    lines = {dotted(path): line for path, line in document.lines.items()}
    assert lines == {"": 1, "a": 1, "b": 2, "b[0]": 3, "b[1]": 4, "b[1].c": 4, "b[1].d": 5, "e": 7, "e.f": 7}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_counts_lines_the_same_on_windows(newline: str, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(newline.join(["\ufeffa: 1", "# 注释", "b: 2", ""]).encode())
    document = read(path)
    assert document.data == {"a": "1", "b": "2"}
    assert document.line(("b",)) == 3


@pytest.mark.parametrize(("path", "line"), [(("a", "z"), 2), (("a", "b", 0, "c"), 3), (("q",), 2), ((), 2)])
def test_a_missing_key_is_at_the_line_of_the_nearest_that_is_there(path: yamlfile.KeyPath, line: int) -> None:
    assert parse("\na:\n  b: [x]\n", "f").line(path) == line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: 1\nb: 2\na: 3\nb: 4",
            ["f:3: a: is given twice (first on line 1)", "f:4: b: is given twice (first on line 2)"],
        ),
        ("a: {b: 1}\na: {b: 2}", ["f:2: a: is given twice (first on line 1)"]),
        ("x:\n  - {a: 1, a: 2}", ["f:2: x[0].a: is given twice (first on line 2)"]),
        ("? [a]\n: b", ["f:1: a key must be plain text"]),
        ("? {a: b}\n: c\nd: 1\nd: 2", ["f:1: a key must be plain text", "f:4: d: is given twice (first on line 3)"]),
        ("a: !secret b", ["f:1: a: has a tag (!…): write plain YAML, and quote a value that begins with !"]),
        (
            "a: !!python/object:os.system x",
            ["f:1: a: has a tag (!…): write plain YAML, and quote a value that begins with !"],
        ),
        ("a: !!int 3", ["f:1: a: has a tag (!…): write plain YAML, and quote a value that begins with !"]),
        ("a: *b", ["f:1: a: refers (*) to no anchor (&) above it: quote a value that begins with *"]),
        ("a: &a [*a]", ["f:1: a[0]: refers (*) to no anchor (&) above it: quote a value that begins with *"]),
        ("b: &a 1\na: &a [*a]", ["f:2: a[0]: refers (*) to no anchor (&) above it: quote a value that begins with *"]),
        ("a: 1\n---\na: 2", ["f:2: a second document begins here (---): one file is one document"]),
        ("a: &a {b: 1}\nc: {<<: *a}", ["f:2: c.<<: merge keys are not YAML 1.2: write the keys out"]),
        ("a: b\0", ["f:1: has the control character U+0000: it must be plain text"]),
        ("a: 1\nb: \x1b[31m", ["f:2: has the control character U+001B: it must be plain text"]),
        ("a: \udcff", ["f:1: has the control character U+DCFF: it must be plain text"]),
    ],
)
def test_names_everything_that_is_not_plain_yaml(text: str, said: list[str]) -> None:
    assert problems(text) == said


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: [", 2, "not valid YAML"),
        ("a: 1\n b: 2", 2, "not valid YAML"),
        ("a:\n\tb: 1", 2, "indent with spaces, not tabs"),
        ("a：\n  b：c\n d: e", 3, "ASCII colon"),
        ("%YAML 9\n---\na", 1, "not valid YAML"),
    ],
)
def test_says_where_the_syntax_breaks(text: str, line: int, said: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"f:{line}: ")
    assert said in problem


def test_a_scan_keeps_the_data_beside_the_problems() -> None:
    document, found = scan_text("a: 1\na: {b: 2}\nc: 3", "f")
    assert document.data == {"a": "1", "c": "3"}
    assert [problem.line for problem in found] == [2]
    assert ("a", "b") not in document.lines


def bomb(levels: int) -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(rows)


def test_aliases_that_blow_up_are_refused() -> None:
    assert len(parse(bomb(4), "f").data["a3"]) == 10
    assert problems(bomb(9)) == ["f:7: has more than 2000000 values"]


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{a: " * 1000, "- " * 1000, "\n".join(" " * n + "a:" for n in range(200))],
    ids=["flow", "maps", "dashes", "blocks"],
)
def test_deep_nesting_is_refused(text: str) -> None:
    (problem,) = problems(text)
    assert "is nested deeper than 60 levels" in problem


def test_nesting_by_aliases_is_refused_too() -> None:
    rows = ["a0: &a0 " + "[" * 30 + "]" * 30]
    rows += [f"a{n}: &a{n} " + "[" * 20 + f"*a{n - 1}" + "]" * 20 for n in (1, 2)]
    assert problems("\n".join(rows)) == ["f:3: is nested deeper than 60 levels"]


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "latin-1"])
def test_a_file_that_is_not_utf8_says_how_to_save_it(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(
        "a: 1\nb: é\n".encode(encoding) if encoding == "latin-1" else "a: 1\nb: 核心交换机\n".encode(encoding)
    )
    with pytest.raises(YamlError, match=r"is not UTF-8 text \(save the file as UTF-8; 请另存为 UTF-8\)") as caught:
        read(path)
    assert caught.value.problems[0].line == (1 if encoding == "utf-16" else 2)


def test_a_file_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match=r"none\.yaml: cannot be read: No such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(YamlError, match="cannot be read: Is a directory"):
        read(tmp_path)


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamlfile, "MAX_BYTES", 1000)
    with pytest.raises(YamlError, match="/dev/zero: is larger than"):
        read(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", 2, "b", "c"), "a[2].b.c"),
        ((0, 1, "a"), "[0][1].a"),
        (("a\n\x1b", "名"), "a\\n\\x1b.名"),
    ],
)
def test_writes_a_path_as_people_do(path: yamlfile.KeyPath, text: str) -> None:
    assert dotted(path) == text
