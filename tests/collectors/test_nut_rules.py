"""The `nut` rules of a profile file are loaded strictly, and inherited whole."""

from pathlib import Path

import pytest

from collectors.profiles import load
from collectors.yamlfile import YamlError


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(f"name: {name}\n{text}", encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "nut: {rows: [{symbols: [{OID: 1.3.6.1.0, name: x, sample: ups_load_ratio}]}]}",
            "bad.yaml:2: nut.rows[0]: 'x' is an OID: NUT has variables (right form: {field: battery.charge})",
        ),
        (
            "nut: {rows: [{each: 'outlet', symbols: [{field: status, sample: ups_alarms}]}]}",
            "bad.yaml:2: nut.rows[0].each: 'outlet' needs one group: what tells its rows apart"
            r" (right form: '^outlet\.(\d+)\.')",
        ),
        (
            "nut: {rows: [{each: 'o(', symbols: [{field: status, sample: ups_alarms}]}]}",
            "bad.yaml:2: nut.rows[0].each: 'o(' is not a regular expression: missing ), unterminated subpattern"
            " at position 1",
        ),
        (
            "nut: {rows: [{each: 'o(.)', of: ups.status, symbols: [{field: word, sample: ups_alarms}]}]}",
            "bad.yaml:2: nut.rows[0]: has both each and of: give one",
        ),
        (
            "nut: {rows: [{symbols: [{field: ups.load}]}]}",
            "bad.yaml:2: nut.rows[0]: 'ups.load' becomes nothing: give sample or limit, or move it to columns",
        ),
        (
            "nut: {rows: [{symbols: [{field: ups.load, sample: ups_load_ratio}], metric_tags: [{tag: entity}]}]}",
            "bad.yaml:2: nut.rows[0].metric_tags[0]: 'entity' is no label of these samples (there are: line)",
        ),
    ],
    ids=["an OID", "no group", "no regex", "two kinds of rows", "becomes nothing", "no such label"],
)
def test_a_bad_file_says_what_is_wrong_and_where(text: str, problem: str, tmp_path: Path) -> None:
    write(tmp_path, "bad", text)
    with pytest.raises(YamlError) as caught:
        load([tmp_path])
    assert [str(each).replace(f"{tmp_path}/", "") for each in caught.value.problems] == [problem]


def test_rows_of_ones_own_come_before_inherited_ones_and_facts_too(tmp_path: Path) -> None:
    rows = "rows: [{{symbols: [{{field: {0}, sample: ups_load_ratio}}]}}]"
    write(tmp_path, "base", "nut: {facts: {model: [ups.model], vendor: [ups.mfr]}, " + rows.format("ups.load") + "}")
    write(tmp_path, "own", "extends: [base]\nnut: {facts: {model: [my.model]}, " + rows.format("my.load") + "}")
    write(tmp_path, "inherits", "extends: [base]")
    found = {name: profile.nut for name, profile in load([tmp_path]).items()}
    own = found["own"]
    assert own is not None
    assert found["inherits"] == found["base"]
    assert [each.symbols[0].field for each in own.rows] == ["my.load", "ups.load"]
    assert {fact: [column.field for column in columns] for fact, columns in own.facts.items()} == {
        "model": ["my.model", "ups.model"],
        "vendor": ["ups.mfr"],
    }
