"""The check files: each is right, can be fed, and says in both languages what to do; wrong files are refused."""

import itertools
import re
from pathlib import Path

import pytest

from agent.checks import BUILTIN, by_hand, catalogue, load
from agent.checks.document import markdown
from agent.checks.rules import Check, Limit
from agent.configs import backup
from agent.derive import DERIVED, RULES, SOURCES
from agent.derive.access import items
from agent.model import Severity
from collectors import cli_parse, configs, icmp, local, profiles, snmp_decode, tcp
from collectors.model import DeviceClass, Secret, SnmpAccess
from collectors.vocabulary import CHOICES, VOCABULARY, narrowed
from collectors.yamlfile import YamlError

ROOT = Path(__file__).parents[2]
CHECKS = load()
ITEMS = by_hand.load()
NUMBERS = catalogue.load()
AWAITED = frozenset(
    {
        *(f"device_capacity_ratio:{kind}" for kind in ("arp", "license", "log", "mac")),
        "device_events_total:cpu_drop",
    }
)
"""Things that checks are ready for and nothing reads yet: to be taken out when something does."""

EACH = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def all_profiles():
    return profiles.load()


@pytest.fixture(scope="module")
def collected(all_profiles) -> frozenset[str]:
    """Every sample name that some collector can bring."""
    names = icmp.EXPECTED | local.EXPECTED | tcp.EXPECTED | backup.SAMPLES | {"device_up", "device_snmp_rtt_seconds"}
    names |= {"device_load_ratio"}  # of local, where the system has it
    for profile in all_profiles.values():
        names |= snmp_decode.expected(profile)
        names |= cli_parse.expected(profile.cli) if profile.cli else frozenset()
    return names


@pytest.fixture(scope="module")
def choices(all_profiles) -> frozenset[str]:
    """Every thing that some profile, collector or rule can tell of a sample that several share."""
    symbols = [s for p in all_profiles.values() for m in p.metrics for s in m.all_symbols]
    symbols += [s for p in all_profiles.values() if p.cli for c in p.cli.commands for s in c.symbols]
    of_profiles = {narrowed(s.sample, s.labels) for s in symbols if s.sample in CHOICES}
    of_profiles |= {each.replace("_capacity:", "_capacity_ratio:") for each in of_profiles}
    for dated, derived in (("ends_timestamp", "expiry"), ("done_timestamp", "age")):
        of_profiles |= {each.replace(dated, derived) for each in of_profiles}
    parsed = {f"device_config_item:{item}" for name in configs.names() for item in configs.load(name).items}
    ours = {f"device_config_item:{item}" for version in ("1", "2c", "3") for item, _ in items(access(version))}
    derived = {"device_expiry_seconds:warranty", "device_age_seconds:device", backup.BACKED_UP}
    derived |= {"device_entries:hot_spare", *(f"device_port_open:{port}" for port in CHOICES["device_port_open"])}
    return frozenset(of_profiles | parsed | ours | derived | tcp.PORTS | tcp.TLS | tcp.SSH)


def access(version: str) -> SnmpAccess:
    return SnmpAccess(version=version, community=None if version == "3" else Secret("x"), user="ops")


@pytest.fixture(scope="module")
def states(all_profiles) -> frozenset[tuple[str, str, str]]:
    """Every (sample, kind, state) that some profile can bring."""
    symbols = [s for p in all_profiles.values() for m in p.metrics for s in m.all_symbols]
    symbols += [s for p in all_profiles.values() if p.cli for c in p.cli.commands for s in c.symbols]
    return frozenset(
        (s.sample, s.labels["kind"], state.text) for s in symbols if s.states for state in s.states.values()
    )


@EACH
def test_a_check_judges_what_some_device_can_say(check, collected):
    possible = collected | {name for rule in RULES if rule.possible(collected) for name in rule.makes}
    possible |= {name for rule in RULES if not rule.sources for name in rule.makes}
    assert check.sample in possible


@EACH
def test_a_check_of_states_judges_kinds_and_states_that_exist(check, states):
    if not check.limit.by_state:
        return
    fitting = {
        (kind, state)
        for sample, kind, state in states
        if sample in SOURCES.get(check.sample, {check.sample}) and kind in check.where.get("kind", [kind])
    }
    assert fitting
    named = {*check.where.get("state", []), *check.where_not.get("state", [])}
    assert named <= {state for _, state in fitting}
    worse = check.limit.critical_states + check.limit.warning_states
    assert not worse or any(state in worse for _, state in fitting)


@EACH
def test_a_check_speaks_both_languages(check):
    for said in (check.title, check.cause, check.advice, *check.words.values()):
        assert CHINESE.search(said.zh) or said.zh.isascii()
        assert not CHINESE.search(said.en)
    assert all(CHINESE.search(said.zh) and len(said.zh) > 15 for said in (check.cause, check.advice))
    zh, _, en = check.source.partition(" / ")
    assert (CHINESE.search(zh) and en and not CHINESE.search(en)) or not CHINESE.search(check.source)


@EACH
def test_a_check_has_a_number_and_worse_is_the_more_urgent_level(check):
    assert {check.id, *check.also} <= set(NUMBERS.all)
    assert check.level(Severity.CRITICAL) <= check.level(Severity.WARNING)


@EACH
def test_listed_values_have_words(check):
    assert {str(int(v)) for v in check.limit.warning_values + check.limit.critical_values} <= check.words.keys()


def test_every_class_is_watched_for_being_there_and_for_restarts():
    for device_class in DeviceClass:
        required = {c.sample for c in CHECKS.values() if c.required and device_class in (c.classes or DeviceClass)}
        assert {"device_up", "device_rebooted"} <= required


def test_no_two_checks_judge_the_same_series_of_a_device():
    """By sample and first label; disks have a state of their own for what they expect."""
    seen: dict[object, str] = {}
    for check in CHECKS.values():
        told_apart = {label: values for label, values in check.where.items() if label != "state"}
        if check.where.keys() - told_apart.keys() or check.name == "ups_battery_status":
            continue
        parts = list(itertools.product(*told_apart.values()))
        for each in itertools.product(check.classes or DeviceClass, parts):
            assert seen.setdefault((check.sample, *each), check.name) == check.name


CHOSEN = [c for c in CHECKS.values() if c.sample in {*CHOICES, "device_events_daily"}]


@pytest.mark.parametrize("check", CHOSEN, ids=[c.name for c in CHOSEN])
def test_a_check_of_a_shared_sample_says_which_of_the_things_that_share_it(check, choices):
    chosen = chosen_by(check)
    assert chosen <= {f"{sample}:{choice}" for sample, known in CHOICES.items() for choice in known}
    assert chosen - AWAITED <= choices


def chosen_by(check: Check) -> set[str]:
    sample = "device_events_total" if check.sample == "device_events_daily" else check.sample
    return {f"{sample}:{choice}" for choice in check.where[VOCABULARY[sample].labels[0]]}


def test_a_number_whose_checks_all_wait_counts_as_missing():
    waiting = {check.name for check in CHOSEN if chosen_by(check) <= AWAITED}
    fed = [each for each in (*CHECKS.values(), *ITEMS.values()) if each.name not in waiting]
    assert set(NUMBERS.all).difference(*([each.id, *each.also] for each in fed)) == NUMBERS.without.keys()


def test_what_checks_are_ready_for_and_nothing_reads_yet_is_known(choices):
    assert {each for each in AWAITED if each in choices} == set(), "read now: take it out of AWAITED"


def test_the_document_is_current():
    assert (ROOT / "docs/checks.md").read_text(encoding="utf-8") == markdown(CHECKS, ITEMS, NUMBERS), (
        "run: python -m agent.checks.document docs/checks.md"
    )


def test_the_document_has_every_check_in_both_languages():
    document = markdown(CHECKS, ITEMS, NUMBERS)
    for check in (*CHECKS.values(), *ITEMS.values()):
        for said in (check.title.zh, check.title.en, check.advice.zh, check.advice.en, f"(#{check.name})"):
            assert said in document


def test_the_example_of_the_guide_is_a_check(tmp_path):
    guide = (ROOT / "docs/adding-a-check.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "ups_load.yaml").write_text(example, encoding="utf-8")
    assert load([tmp_path])["ups_load"].limit == CHECKS["ups_load"].limit
    keys = {field.alias or name for form in (Check, Limit) for name, field in form.model_fields.items()}
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", guide)] == []


# ---- wrong files ----

RIGHT = """\
name: heat
id: NET-07
title: {zh: 温度, en: Temperature}
sample: device_temperature_celsius
object: [entity]
limit: {above: {warning: 50, critical: 60}}
source: test
cause: {zh: 热, en: hot}
advice: {zh: 冷却, en: cool it}
"""


def written(folder: Path, text: str, name: str = "heat") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_right_file_loads(tmp_path):
    assert load([written(tmp_path, RIGHT)])["heat"].limit.above.critical == 60


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name: heat", "name: cold", "heat.yaml:1: name: is 'cold', but the file is heat.yaml: they must be the same"),
        ("id: NET-07\n", "", "heat.yaml:1: id: Field required"),
        ("source: test", "source: test\nseverity: 3", "heat.yaml:8: severity: Extra inputs are not permitted"),
        ("en: Temperature", "fr: Température", "heat.yaml:3: title: needs a text in zh and one in en"),
        ("en: hot", "en: ", "heat.yaml:8: cause: needs a text in zh and one in en"),
        ("_celsius", "_kelvin", "heat.yaml:4: sample: 'device_temperature_kelvin' is neither collected"),
        (
            "[entity]",
            "[slot]",
            "heat.yaml:5: object: 'slot' is no label of device_temperature_celsius (there are: entity)",
        ),
        ("[entity]", "[entity]\nwhere: {kind: [fan]}", "heat.yaml:6: where: 'kind' is no label"),
        ("{above: {warning: 50, critical: 60}}", "{}", "heat.yaml:1: limit needs above, below, states"),
        ("warning: 50, critical: 60", "", "heat.yaml:6: limit.above: needs warning, critical or both"),
        ("warning: 50", "warning: 70", "heat.yaml:6: limit: critical must lie beyond warning"),
        ("above: {warning: 50", "below: {warning: 50", "heat.yaml:6: limit: critical must lie beyond warning"),
        ("warning: 50", "warning: nan", "heat.yaml:6: limit.above.warning: Input should be a finite number"),
        ("{above: {warning: 50, critical: 60}}", "{states: true}", "heat.yaml:6: limit: judges states"),
        ("source: test", "source: test\nfor: 0", "heat.yaml:8: for: Input should be greater than or equal to 1"),
        ("source: test", "source: test\nclear: 1", "heat.yaml:8: clear: Input should be less than 1"),
        ("source: test", "source: test\nclasses: [fridge]", "heat.yaml:8: classes[0]: Input should be 'router'"),
        (
            "source: test",
            "source: test\nfault_level: {critical: 5}",
            "heat.yaml:8: fault_level.critical: Input should be",
        ),
        ("source: test", "source: test\nunit: furlong", "heat.yaml:8: unit: Input should be 'ratio'"),
        ("source: test", "source: test\nid: NET-08", "heat.yaml:8: id: is given twice (first on line 2)"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_key(tmp_path, old, new, complaint):
    assert old in RIGHT
    with pytest.raises(YamlError) as caught:
        load([written(tmp_path, RIGHT.replace(old, new, 1))])
    assert complaint in str(caught.value)


def test_all_problems_of_all_files_are_told_at_once(tmp_path):
    written(tmp_path, RIGHT.replace("id: NET-07\n", "").replace("50", "hot"))
    written(tmp_path, RIGHT, "cold")
    with pytest.raises(YamlError) as caught:
        load([tmp_path, tmp_path / "none"])
    assert [p.key for p in caught.value.problems] == ["name", "id", "limit.above.warning", ""]


def test_an_operators_check_replaces_the_built_in_one(tmp_path):
    mine = RIGHT.replace("name: heat", "name: temperature").replace("critical: 60", "critical: 99")
    found = load([BUILTIN, written(tmp_path, mine, "temperature")])
    assert found["temperature"].limit.above.critical == 99
    assert found.keys() == CHECKS.keys()


def test_derived_names_that_are_judged_are_declared():
    assert {c.sample for c in CHECKS.values()} & DERIVED.keys() >= {
        "if_down",
        "if_utilisation_ratio",
        "device_rebooted",
    }
