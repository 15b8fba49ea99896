"""One bad file a rule: its `# expect:` lines are all that is said of it."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import inventory
from collectors import yamlfile
from collectors.yamlfile import KeyPath, Problem, YamlError, dotted
from tests.agent import inventories
from tests.agent.inventories import written

FOLDER = Path(__file__).parents[1] / "data" / "invalid"
FILES = sorted(FOLDER.glob("*.yaml"))
ENV = inventories.ENV | {"NP_EMPTY": ""}
LITERALS = ("hunter2", *inventories.ENV.values())


def said(path: Path) -> list[Problem]:
    with pytest.raises(YamlError) as caught:
        inventory.load(path, env=ENV, profiles=["huawei_vrp", "h3c_comware"], checks=["cpu", "memory"])
    return caught.value.problems


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_says_what_is_wrong_and_where(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]
    assert expected
    assert [str(problem).removeprefix(f"{path}:") for problem in said(path)] == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_message_holds_a_secret(path: Path) -> None:
    message = "\n".join(map(str, said(path)))
    assert not [literal for literal in LITERALS if literal in message]


def test_there_is_a_file_for_each_kind_of_mistake() -> None:
    assert len(FILES) >= 90


@pytest.mark.parametrize(
    ("head", "key", "value"),
    [
        ("snmp: {version: 2c, community: %s}", "snmp.community", "hunter2"),
        ("snmp: {version: 2c, community: [%s]}", "snmp.community", "hunter2"),
        ("snmp: {version: 2c, community: {is: %s}}", "snmp.community", "hunter2"),
        ("snmp: %s", "snmp", "hunter2"),
        ("snmp: {version: 3, user: ops, auth: %s}", "snmp.auth", "hunter2hunter2"),
        ("snmp: {version: 3, user: ops, auth: {protocol: %s, key: sha256}}", "snmp.auth.protocol", "hunter2hunter2"),
        ("snmp: {version: 3, user: ops, auth: {protocol: md5, key: %s}}", "snmp.auth.key", "hunter2"),
        ("ssh: {username: ops, password: %s}", "ssh.password", "'#hunter2'"),
        ("ssh: {username: ops, password: %s}", "ssh.password", "env:hunter2-"),
        ("ssh: {username: ops, password:%s}", "ssh.password", "hunter2"),
        ("ssh: [%s]", "ssh", "hunter2"),
        ("address: ssh://ops:%s@10.0.0.1", "address", "hunter2"),
        ("interval: %s", "interval", "hunter2"),
        ("class: %s", "class", "hunter2"),
    ],
)
def test_a_secret_in_a_wrong_place_is_not_repeated(head: str, key: str, value: str, tmp_path: Path) -> None:
    path = written(tmp_path, "devices:\n  - name: core-1\n    " + head % value + "\n")
    problems = said(path)
    assert (f"devices[0].{key}", 3) in {(problem.key, problem.line) for problem in problems}
    assert "hunter2" not in "\n".join(map(str, problems))


def test_all_problems_come_at_once_in_the_order_of_their_lines() -> None:
    lines = [problem.line for problem in said(FOLDER / "many_at_once.yaml")]
    assert len(lines) == 10
    assert lines == sorted(lines)


def test_a_problem_of_a_shared_credential_is_said_once(tmp_path: Path) -> None:
    devices = "".join(f"  - {{name: d{n}, address: 10.0.0.{n}, class: ups, credentials: [v2c]}}\n" for n in range(1, 9))
    path = written(tmp_path, f"credentials: {{v2c: {{snmp: {{community: env:NP_NONE}}}}}}\ndevices:\n{devices}")
    assert [problem.line for problem in said(path)] == [1]


def test_mistakes_in_every_device_are_all_found_soon(tmp_path: Path) -> None:
    rows = [f"  - {{name: d{n}, address: 10.0.0.1, class: swich, site: s{n}, parent: x{n}}}\n" for n in range(500)]
    path = written(tmp_path, "devices:\n" + "".join(rows))
    problems = said(path)
    assert len(problems) == 1500
    assert [problem.key for problem in problems[-3:]] == [f"devices[499].{key}" for key in ("class", "parent", "site")]


LEAVES = [
    "",
    "x",
    "core-1",
    "10.0.0.1",
    "env:NP_AUTH",
    "false",
    "2c",
    "3",
    "80%",
    "5m",
    "7x24",
    "switch",
    ":",
    "：",
    "{",
]
KEYS = ["name", "class", "snmp", "version", "community", "auth", "key", "1", "levels", "zh", "x", "<<"]
ANYTHING = st.recursive(
    st.none() | st.sampled_from(LEAVES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
GOOD = yamlfile.read(FOLDER.with_name("valid") / "full.yaml")


def replaced(data: Any, path: KeyPath, value: object) -> Any:
    if not path:
        return value
    changed = list(data) if isinstance(data, list) else dict(data)
    changed[path[0]] = replaced(data[path[0]], path[1:], value)
    return changed


def as_yaml(data: object) -> str:
    if isinstance(data, dict):
        return "{" + ", ".join(f'"{key}": {as_yaml(value)}' for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(as_yaml, data)) + "]"
    return "~" if data is None else f'"{data}"'


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(sorted(GOOD.lines, key=dotted)), ANYTHING), min_size=1, max_size=2))
def test_a_good_file_spoilt_anywhere_is_an_inventory_or_a_list_of_problems(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[KeyPath, object]]
) -> None:
    data = GOOD.data
    for path, value in changes:
        with suppress(KeyError, IndexError, TypeError, ValueError):  # the first change took the second one's place away
            data = replaced(data, path, value)
    file = written(tmp_path_factory.getbasetemp(), as_yaml(data))
    try:
        inventory.load(file, env=ENV, warn=str)
    except YamlError as error:
        assert error.problems
        assert {problem.line for problem in error.problems} == {1}
