"""What is wrong is said in Chinese too: every mistake of an inventory, and whatever stops a command."""

import re
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import inventory, messages
from agent.messages import said
from agent.store import errors
from collectors import yamlfile
from collectors.yamlfile import Problem, YamlError
from tests.agent import inventories

FILES = sorted((Path(__file__).parents[1] / "data" / "invalid").glob("*.yaml"))
PAIRS = yamlfile.read(Path(messages.__file__).with_name("messages.yaml")).data
CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH_SENTENCE = re.compile(r"\b(is|are|has|must|needs|no|not)\b (?!known)[a-z]+ ")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mistake_of_an_inventory_has_chinese_words(path: Path) -> None:
    with pytest.raises(YamlError) as caught:
        inventory.load(
            path,
            env=inventories.ENV | {"NP_EMPTY": ""},
            profiles=["huawei_vrp", "h3c_comware"],
            checks=["cpu", "memory"],
        )
    chinese = [said(problem.message, "zh") for problem in caught.value.problems]
    assert [line for line in chinese if not CHINESE.search(line) or ENGLISH_SENTENCE.search(line)] == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "no site is called 'hp' (did you mean 'hq'? known: hq, lab)",
            "没有名为 'hp' 的站点（是否想写 'hq'？可用：hq, lab）",
        ),
        ("no customer is called 'a' (known: none)", "没有名为 'a' 的客户（可用：无）"),
        ("is required (right form: {class: switch})", "必填（正确写法：{class: switch}）"),
        ("there is no folder a (b) (right form: profiles)", "没有目录 a (b)（正确写法：profiles）"),
        (
            "file:none.txt cannot be read: No such file or directory",
            "file:none.txt 无法读取：文件或目录不存在",
        ),
        (
            "snmp: system: core-1 (10.0.0.1 port 161/udp): nothing listens there: the port is closed",
            "snmp: system: core-1 (10.0.0.1 port 161/udp): 端口未开放",
        ),
        (
            "core-1: no TCP connection to 10.0.0.1 port 22: Connection refused",
            "core-1: 无法连接 10.0.0.1 的 TCP 22 端口：连接被拒绝",
        ),
        ("row 3: has no address; has no class", "第 3 行：没有地址; 没有类型"),
        ("--device site: not in the inventory (known: a, device)", "--device site：不在清单中（可用：a, device）"),
        (
            "T-1 is resolved: cannot resume it (possible now: reopen, close)",
            "T-1 当前为“已解决”，不能 resume（现在可以：reopen, close）",
        ),
        (
            "there is no ticket T-1: see `netpatrol tickets` (right form: T-20261122-0001)",
            "没有工单 T-1：见 netpatrol tickets（正确写法：T-20261122-0001）",
        ),
    ],
)
def test_what_a_message_names_stays_as_it_is(english: str, chinese: str) -> None:
    assert said(english, "zh") == chinese
    assert said(english, "en") == english


@pytest.mark.parametrize("code", [sqlite3.SQLITE_ERROR, *range(sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOTADB + 1)])
def test_whatever_the_database_says_is_told_in_chinese(code: int) -> None:
    error = sqlite3.OperationalError("said")
    error.sqlite_errorcode = code
    message = str(errors.of(error, "netpatrol.db"))
    assert message.startswith("the store netpatrol.db ")
    assert re.fullmatch(r"(数据库 )?netpatrol\.db [^a-z]*(netpatrol )?[^a-z]*：said", said(message, "zh"))


def test_a_message_without_chinese_words_stays_english() -> None:
    assert said("something new went wrong", "zh") == "something new went wrong"


@pytest.mark.parametrize("english", PAIRS)
def test_both_languages_have_the_same_fields_but_for_what_chinese_needs_not(english: str) -> None:
    chinese = set(re.findall(r"\{(\w+)\}", PAIRS[english]))
    assert chinese <= set(re.findall(r"\{(\w+)\}", english))


@pytest.mark.parametrize("english", PAIRS)
def test_no_pair_is_hidden_behind_an_earlier_one(english: str) -> None:
    example = re.sub(r"\{\w+\}", "x", english)
    assert said(example, "zh") == re.sub(r"\{\w+\}", "x", PAIRS[english])


@given(st.text())
def test_whatever_a_file_holds_can_be_quoted(text: str) -> None:
    assert said(f"no site is called {text!r}", "zh") == f"没有名为 {text!r} 的站点"


def test_where_a_problem_is_stays_as_it_was() -> None:
    found = Problem("a.yaml", 3, "devices[0].site", "is required")
    assert messages.problems([found, found], "zh") == "a.yaml:3: devices[0].site: 必填\na.yaml:3: devices[0].site: 必填"
