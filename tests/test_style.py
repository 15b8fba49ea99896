"""Files and functions stay short enough to be read at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("agent", "collectors", "dashboards", "tools", "benchmarks", "tests")
FILE, FUNCTION = 350, 60  # lines


def too_long(text: str) -> Iterator[str]:
    """Yield what of a module is longer than it may be."""
    lines = len(text.splitlines())
    if lines > FILE:
        yield f"{lines} lines"
    for node in statements(ast.parse(text)) if lines > FUNCTION else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION:
                yield f"{node.name}: {lines} lines"


def statements(inside: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements: functions are some of them, and in no expression."""
    for node in ast.iter_child_nodes(inside):
        if isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield node
            yield from statements(node)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_and_no_function_is_too_long(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    assert [f"{f.relative_to(ROOT)}: {what}" for f in files for what in too_long(f.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n" * FILE, []),
        ("x = 1\n" * (FILE + 1), ["351 lines"]),
        ("def f():\n" + "    x = 1\n" * (FUNCTION - 1), []),
        ("def f():\n" + "    x = 1\n" * FUNCTION, ["f: 61 lines"]),
        ("class C:\n    async def f(self):\n" + "        x = 1\n" * FUNCTION, ["f: 61 lines"]),
    ],
)
def test_what_is_too_long_is_named(text: str, said: list[str]) -> None:
    assert list(too_long(text)) == said
