"""docs/adding-a-device.md says what is true: its example works, and it explains every field."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from collectors import convert, profiles, replay, yamlfile
from collectors.profiles import rules
from tests.collectors.played_cases import lines, play_walk

TEXT = (Path(__file__).parents[2] / "docs" / "adding-a-device.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE))
FIELDS = TEXT.partition("## All fields")[2]
EXPLAINED = {word for code in re.findall(r"`([^`\n]+)`", FIELDS) for word in re.findall(r"\w+", code)}
MODELS = (rules.Profile, rules.Probe, rules.Metric, rules.RowColumn, rules.Symbol, rules.Tag, rules.Later, rules.Limit)
MODELS += (rules.FieldSource, rules.TableFact, rules.Command, rules.Cli, rules.Nut, rules.NutRows)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


async def test_the_example_yields_what_the_page_says(example: Path) -> None:
    expected = yamlfile.read(example / "expected.yaml").data
    (example / "expected.yaml").unlink()
    profile_set = profiles.load((profiles.BUILTIN, example))
    values = replay.read_walk(example / "walk.snmprec").values
    descr, oid = (convert.text(values[f"1.3.6.1.2.1.1.{n}.0"]) for n in (1, 2))
    profile = profile_set.match(oid, descr)
    got = await play_walk(profile, example / "walk.snmprec")
    assert profile.name == "example_exos"
    assert got.facts == expected["facts"]
    assert lines(got.samples) == expected["samples"].splitlines()
    assert got.problems == ()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_page_explains_every_field(model: type[BaseModel]) -> None:
    assert set(model.model_fields) - EXPLAINED == set()
