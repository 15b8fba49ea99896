"""Profile files are loaded strictly, completed by what they extend, and recognise devices."""

from pathlib import Path

import pytest

from collectors import snmp_decode
from collectors.oid_text import rows_of
from collectors.profiles import load
from collectors.profiles.rules import Profile
from collectors.vocabulary import FACTS
from collectors.yamlfile import YamlError
from tests.collectors.profile_files import problems, write

# ---- loading ----


def test_the_built_in_profiles_load_and_parts_are_not_among_them() -> None:
    found = load()
    assert {"generic", "linux", "linux_netsnmp", "ups_rfc1628"} <= found.keys()
    assert not [name for name in found if name.startswith("_")]
    assert all(found[name].name == name for name in found)


def test_every_built_in_profile_has_a_title_in_both_languages() -> None:
    assert [name for name, profile in load().items() if profile.title is None] == []


def test_every_built_in_profile_but_the_guesses_says_how_it_is_recognised() -> None:
    ways = {name: (p.sysobjectid, p.sysdescr, p.probe) for name, p in load().items()}
    unrecognised = {name for name, each in ways.items() if not any(each)}
    assert unrecognised == {"generic", "linux", "local", "nut"}  # the fallback, SSH only, psutil, and upsd only


def test_a_later_folder_corrects_an_earlier_one(tmp_path: Path) -> None:
    builtin, own = tmp_path / "builtin", tmp_path / "own"
    for place, vendor in ((builtin, "Example"), (own, "Corrected")):
        place.mkdir()
        write(place, "ex", f"metadata: {{device: {{fields: {{vendor: {{value: {vendor}}}}}}}}}")
    write(builtin, "other")
    found = load([builtin, own])
    assert list(found) == ["ex", "other"]
    assert found["ex"].metadata.device.fields["vendor"].value == "Corrected"


BAD_FILES = [
    ("metrics: [{symbl: {}}]", "bad.yaml:2: metrics[0].symbl: Extra inputs are not permitted"),
    (
        "metrics:\n  - table: {OID: 1.3.6, name: t}\n    symbols:\n      - {OID: 1.3.x, sample: ifInErrors}",
        "bad.yaml:5: metrics[0].symbols[0].OID: '1.3.x' is not a numeric OID (right form: 1.3.6.1.2.1.1.3.0)",
    ),
    (
        "metrics:\n- symbol: {OID: 1.3.6.1, sample: device_temp}",
        "bad.yaml:3: metrics[0].symbol.sample: 'device_temp' is not a sample name of collectors/vocabulary.py",
    ),
    (
        "metrics:\n- table: {OID: 1.3.6.1}\n  symbols: []",
        "bad.yaml:3: metrics[0].table.name: Field required",
    ),
    ("metrics: [{columns: []}]", "bad.yaml:2: metrics[0]: reads nothing: give symbol, or table and symbols"),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, name: x}}]",
        "bad.yaml:2: metrics[0]: 'x' becomes nothing: give sample or limit, or move it to columns",
    ),
    (
        "metrics: [{symbol: {field: x, sample: device_cpu_ratio}}]",
        "bad.yaml:2: metrics[0]: 'x' is a field: an SNMP metric reads OIDs",
    ),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, name: x, sample: device_cpu_ratio, per: total}}]",
        "bad.yaml:2: metrics[0]: 'total' is no column read here (there are: x)",
    ),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, name: x, sample: device_cpu_ratio}, where: {typ: ['1']}}]",
        "bad.yaml:2: metrics[0].where: 'typ' is no column read here (there are: x)",
    ),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, name: x, sample: device_cpu_ratio}, rows: lines}]",
        "bad.yaml:2: metrics[0].rows: 'lines' is no column read here (there are: x)",
    ),
    (
        "metrics:\n- symbol: {OID: 1.3.6.1.0, name: x, sample: ups_load_ratio}\n  metric_tags: [{tag: line, via: y}]",
        "bad.yaml:4: metrics[0].metric_tags: 'y' is no column read here (there are: x)",
    ),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, sample: device_cpu_ratio}, metric_tags: [{tag: slot}]}]",
        "bad.yaml:2: metrics[0].metric_tags[0]: 'slot' is no label of these samples (there are: entity)",
    ),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, sample: device_cpu_ratio}, metric_tags: [{tag: entity, format: '{'}]}]",
        "bad.yaml:2: metrics[0].metric_tags[0]: format '{' is not one of a text (right form: 'Slot {}', 'Fan {1}/{2}')",
    ),
    (
        "metadata: {device: {fields: {model: {fallback: {symbol: {OID: 1.3.6.1.0}, format: '{1}'}}}}}",
        "bad.yaml:2: metadata.device.fields.model: "
        "format '{1}' is not one of its symbols' texts (right form: '{0}.{1}')",
    ),
    (
        "metrics:\n- symbol: {OID: 1.3.6.1.0, name: x, sample: ifInErrors}\n  columns: [{OID: 1.3.6.2.0, name: x}]",
        "bad.yaml:3: metrics[0]: 'x' names two different columns: give them different names",
    ),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, sample: device_cpu_ratio, extract_value: '('}}]",
        "bad.yaml:2: metrics[0]: '(' is not a regular expression: missing ), unterminated subpattern at position 0",
    ),
    (
        "sysdescr: '['",
        "bad.yaml:2: sysdescr: '[' is not a regular expression: unterminated character set at position 0",
    ),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, name: x, sample: device_cpu_ratio}, columns: [{name: y}]}]",
        "bad.yaml:2: metrics[0].columns[0]: needs one of OID, field, index",
    ),
    (
        "metrics: [{symbol: {OID: 1.3.6.1.0, sample: ups_self_test_timestamp_seconds, date: '%Q'}}]",
        "bad.yaml:2: metrics[0].symbol.date: 'Q' is a bad directive in format '%Q'",
    ),
    (
        "probe: [{OID: 1.3.6.1.4.1.9.1.0, match: '['}]",
        "bad.yaml:2: probe[0].match: '[' is not a regular expression: unterminated character set at position 0",
    ),
    (
        "sysobjectid: [1.3.6.1.4.1.9.*.1]",
        "bad.yaml:2: sysobjectid[0]: '1.3.6.1.4.1.9.*.1' is not an OID"
        " (right form: 1.3.6.1.4.1.9.1.1745, or 1.3.6.1.4.1.9.1.*)",
    ),
    (
        "metadata: {device: {fields: {colour: {value: red}}}}",
        "bad.yaml:2: metadata.device.fields.colour: 'colour' is not a fact of collectors/vocabulary.py "
        f"({', '.join(sorted(FACTS))})",
    ),
    (
        "metadata: {tables: [{fact: serial, symbol: {OID: 1.3.6.1}, where: {class: ['3']}}]}",
        "bad.yaml:2: metadata.tables[0].where: 'class' is no column read here (there are: none)",
    ),
    (
        "cli: {device_type: x, commands: [{command: show x, regex: '(?P<a', symbols: []}]}",
        "bad.yaml:2: cli.commands[0].regex: '(?P<a' is not a regular expression: missing >, unterminated name"
        " at position 4",
    ),
    (
        "extends: [_none]",
        "bad.yaml:2: extends[0]: there is no profile '_none'"
        " (right form: the name of a file in the folder, as _system)",
    ),
    ("extends: [bad]", "bad.yaml:2: extends[0]: 'bad' extends 'bad': a profile cannot extend itself"),
]


@pytest.mark.parametrize(("text", "problem"), BAD_FILES, ids=lambda words: words[:40])
def test_a_wrong_file_is_refused_with_line_key_and_right_form(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, "bad", text)
    assert problems(tmp_path) == [problem]


def test_the_files_name_is_the_profiles_name(tmp_path: Path) -> None:
    write(tmp_path, "one").rename(tmp_path / "two.yaml")
    assert problems(tmp_path) == ["two.yaml:1: name: is 'one', but the file is two.yaml: they must be the same"]


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a", "titel: x\nclasses: [toaster]")
    write(tmp_path, "b", "metrics: x")
    (tmp_path / "c.yaml").write_text("name: [", encoding="utf-8")
    assert [problem.partition(":")[0] for problem in problems(tmp_path)] == ["a.yaml", "a.yaml", "b.yaml", "c.yaml"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match="nowhere: is not a folder of profile files"):
        load([tmp_path / "nowhere"])


# ---- extending ----


def test_a_cycle_is_refused_at_both_ends(tmp_path: Path) -> None:
    write(tmp_path, "a", "extends: [b]")
    write(tmp_path, "b", "extends: [c]")
    write(tmp_path, "c", "extends: [a]")
    assert problems(tmp_path) == [
        "a.yaml:2: extends[0]: 'b' extends 'a': a profile cannot extend itself",
        "b.yaml:2: extends[0]: 'c' extends 'b': a profile cannot extend itself",
        "c.yaml:2: extends[0]: 'a' extends 'c': a profile cannot extend itself",
    ]


def metric(n: int) -> str:
    return f"metrics: [{{symbol: {{OID: 1.3.6.1.4.1.32473.{n}.0, sample: device_cpu_ratio}}}}]"


def read_by(profile: Profile) -> list[str]:
    return [symbol.OID or "" for each in profile.metrics for symbol in each.all_symbols]


def test_metrics_are_the_own_ones_then_the_inherited_depth_first_each_part_once(tmp_path: Path) -> None:
    write(tmp_path, "_base", metric(1))
    write(tmp_path, "_left", "extends: [_base]\n" + metric(2))
    write(tmp_path, "_right", "extends: [_base]\n" + metric(3))
    write(tmp_path, "top", "extends: [_left, _right]\n" + metric(4))
    assert read_by(load([tmp_path])["top"]) == [f"1.3.6.1.4.1.32473.{n}.0" for n in (4, 2, 1, 3)]


def test_a_fact_is_the_own_one_and_the_inherited_are_fallbacks(tmp_path: Path) -> None:
    model = "metadata: {{device: {{fields: {{model: {{symbol: {{OID: 1.3.6.1.4.1.32473.{n}.0}}}}}}}}}}"
    write(tmp_path, "_base", "metadata: {device: {fields: {model: {value: EX}, vendor: {value: Example}}}}")
    write(tmp_path, "_part", "extends: [_base]\n" + model.format(n=1))
    write(tmp_path, "top", "extends: [_part]\n" + model.format(n=2))
    top = load([tmp_path])["top"]
    answers = {"1.3.6.1.4.1.32473.1.0": b"one", "1.3.6.1.4.1.32473.2.0": b"two"}
    for gone, expected in ((None, "two"), ("1.3.6.1.4.1.32473.2.0", "one"), ("1.3.6.1.4.1.32473.1.0", "EX")):
        answers.pop(gone or "", None)
        facts = snmp_decode.decode(top, rows_of(dict(answers))).facts
        assert facts == {"model": expected, "vendor": "Example"}


def test_cli_is_the_own_one_else_the_first_inherited(tmp_path: Path) -> None:
    write(tmp_path, "_a", "cli: {device_type: first}")
    write(tmp_path, "_b", "cli: {device_type: second}")
    write(tmp_path, "inherits", "extends: [_a, _b]")
    write(tmp_path, "own", "extends: [_a, _b]\ncli: {device_type: own}")
    found = load([tmp_path])
    assert [found[name].cli.device_type for name in ("inherits", "own") if found[name].cli] == ["first", "own"]  # type: ignore[union-attr]


def test_how_a_profile_is_recognised_is_not_inherited(tmp_path: Path) -> None:
    write(tmp_path, "base", "sysobjectid: [1.3.6.1.4.1.32473.1]\nsysdescr: x\nclasses: [ups]\ntitle: {zh: 甲, en: A}")
    write(tmp_path, "top", "extends: [base]")
    top = load([tmp_path])["top"]
    assert (top.sysobjectid, top.sysdescr, top.classes, top.title) == ([], None, [], None)


# ---- the shared profile format ----


def test_a_symbol_named_as_a_sample_needs_no_other_name(tmp_path: Path) -> None:
    write(
        tmp_path,
        "shared",
        """\
        metrics:
          - MIB: IF-MIB
            table: {OID: .1.3.6.1.2.1.2.2, name: ifTable}
            symbols: [{OID: .1.3.6.1.2.1.2.2.1.14, name: ifInErrors}]
        """,
    )
    shared = load([tmp_path])["shared"]
    assert shared.metrics[0].symbols[0].sample == "ifInErrors"
    assert read_by(shared) == ["1.3.6.1.2.1.2.2.1.14"]
