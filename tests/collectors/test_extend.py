"""A profile that extends another's objects below an OID of its own."""

from pathlib import Path

from collectors import profiles

PART = """
metadata:
  device: {fields: {model: {symbol: {OID: 1.3.6.1.4.1.99.2.1.0, name: model}}}}
  tables: [{fact: serial, symbol: {OID: 1.3.6.1.4.1.99.2.2, name: serial}}]
metrics:
  - table: {OID: 1.3.6.1.4.1.99.3, name: fans}
    metric_tags: [{tag: entity, symbol: {OID: 1.3.6.1.2.1.47.1.1.1.1.7, name: entPhysicalName}}]
    symbols:
      - OID: 1.3.6.1.4.1.99.3.1
        name: fanState
        sample: device_state
        labels: {kind: fan}
        states: {"1": ok fine, "2": skip empty}
      - {OID: 1.3.6.1.4.1.991.3.2, name: fanSpeed, sample: device_fan_speed_rpm}
"""


def written(folder: Path, **files: str) -> profiles.ProfileSet:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(f"name: {name}\n{text}", encoding="utf-8")
    return profiles.load([folder])


def oids(profile: profiles.Profile) -> list[str | None]:
    return [symbol.OID for metric in profile.metrics for symbol in metric.all_symbols]


def test_a_rebase_moves_what_is_inherited_and_nothing_else(tmp_path: Path) -> None:
    own = """
extends: [_part]
rebase: {1.3.6.1.4.1.99: 1.3.6.1.4.1.52}
metrics: [{symbol: {OID: 1.3.6.1.4.1.99.9.0, name: cpu, sample: device_cpu_ratio}}]
"""
    profile = written(tmp_path, _part=PART, top=own)["top"]
    assert oids(profile) == ["1.3.6.1.4.1.99.9.0", "1.3.6.1.4.1.52.3.1", "1.3.6.1.4.1.991.3.2"]
    assert profile.metadata.device.fields["model"].all_symbols[0].OID == "1.3.6.1.4.1.52.2.1.0"
    assert profile.metadata.tables[0].symbol.OID == "1.3.6.1.4.1.52.2.2"
    metric = profile.metrics[1]
    assert metric.table is not None and metric.table.OID == "1.3.6.1.4.1.52.3"
    assert metric.metric_tags[0].symbol is not None and metric.metric_tags[0].symbol.OID == "1.3.6.1.2.1.47.1.1.1.1.7"
    assert metric.symbols[0].states == profiles.load([tmp_path])["top"].metrics[1].symbols[0].states != {}


def test_a_part_can_be_extended_at_several_places(tmp_path: Path) -> None:
    moved = "extends: [_part]\nrebase: {{1.3.6.1.4.1.{}: 1.3.6.1.4.1.{}}}"
    profile = written(
        tmp_path, _part=PART, _b=moved.format(99, 52), _c=moved.format("99.3", "52.4"), top="extends: [_part, _b, _c]"
    )["top"]
    assert oids(profile)[::2] == ["1.3.6.1.4.1.99.3.1", "1.3.6.1.4.1.52.3.1", "1.3.6.1.4.1.52.4.1"]


def test_rebases_add_up_from_the_part_to_the_profile(tmp_path: Path) -> None:
    middle = "extends: [_part]\nrebase: {1.3.6.1.4.1.99: 1.3.6.1.4.1.52}"
    top = "extends: [_middle]\nrebase: {1.3.6.1.4.1.52.3: 1.3.6.1.4.1.7.8.9}"
    profile = written(tmp_path, _part=PART, _middle=middle, top=top)["top"]
    assert oids(profile)[0] == "1.3.6.1.4.1.7.8.9.1"
