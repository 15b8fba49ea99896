"""What the checks and the manual items together answer of the catalogue, and when they are made."""

import re
from dataclasses import replace

import pytest

from agent.checks import by_hand, catalogue, load, of_cadence
from agent.checks.rules import CADENCES
from agent.model import ManualAnswer, Severity
from collectors.yamlfile import YamlError

CHECKS, ITEMS, NUMBERS = load(), by_hand.load(), catalogue.load()
COVERED = catalogue.covered(NUMBERS, CHECKS, ITEMS)
BOTH = (*CHECKS.values(), *ITEMS.values())
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_catalogue_has_135_numbers_of_which_39_are_security_risks():
    assert len(NUMBERS.all) == len(set(NUMBERS.all)) == 135
    assert len(set(NUMBERS.security_risks)) == 39
    assert NUMBERS.numbers.keys() == NUMBERS.titles.keys()


def test_what_nobody_answers_is_written_down_with_its_reason():
    missing = [number for group in COVERED.values() for number in group.missing]
    assert sorted(missing) == sorted(NUMBERS.without)


def test_a_machine_answers_most_of_it():
    assert sum(len(group.by_machine) for group in COVERED.values()) >= 110
    assert sum(group.total for group in COVERED.values()) == 135


def test_security_risks_are_marked_and_nothing_else_is():
    risks = set(NUMBERS.security_risks)
    assert [each.name for each in BOTH if each.security_risk != (each.id in risks)] == []
    assert risks <= {number for each in BOTH for number in (each.id, *each.also)}


def test_no_check_has_the_name_of_a_manual_item():
    assert CHECKS.keys() & ITEMS.keys() == set()


# ---- cadence ----


def test_each_inspection_has_checks_and_the_yearly_one_most():
    made = {cadence: of_cadence(CHECKS, cadence).keys() for cadence in CADENCES}
    assert all(made.values())
    assert made["continuous"] < CHECKS.keys()
    assert made["monthly"] <= made["quarterly"] <= made["yearly"]
    assert of_cadence(CHECKS, None) == CHECKS


def test_what_connects_to_ports_is_for_inspections_only():
    ports = {"device_port_open", "device_weak_algorithms"}
    assert [c.name for c in of_cadence(CHECKS, "continuous").values() if c.sample in ports] == []


# ---- manual items ----


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_a_manual_item_says_in_both_languages_what_to_do(item):
    texts = (item.title, item.how, item.cause, item.advice, *([item.value] if item.value else []))
    assert [said.en for said in texts if CHINESE.search(said.en)] == []
    assert all(CHINESE.search(said.zh) for said in (item.title, item.how, item.cause, item.advice))
    assert {item.id, *item.also} <= set(NUMBERS.all)


SAID = ManualAnswer(item="discharge_test", device="ups-1")


@pytest.mark.parametrize(
    ("item", "answer", "severity"),
    [
        ("discharge_test", None, Severity.UNKNOWN),
        ("discharge_test", SAID, Severity.UNKNOWN),
        ("discharge_test", replace(SAID, ok=True), Severity.OK),
        ("discharge_test", replace(SAID, ok=False), Severity.WARNING),
        ("discharge_test", replace(SAID, value=0.95), Severity.OK),
        ("discharge_test", replace(SAID, value=0.9), Severity.WARNING),
        ("discharge_test", replace(SAID, ok=True, value=0.79), Severity.CRITICAL),
        ("discharge_test", replace(SAID, ok=False, value=0.95), Severity.WARNING),
        ("site_temperature", replace(SAID, value=17), Severity.WARNING),
        ("site_temperature", replace(SAID, value=36), Severity.CRITICAL),
    ],
)
def test_an_answer_is_judged_by_its_figure_and_by_what_the_person_says(item, answer, severity):
    assert ITEMS[item].severity(answer) is severity


ITEM = """\
name: dust
manual: true
id: ENV-05
title: {zh: 除尘, en: Dust}
of: site
how: {zh: 清洁, en: clean}
source: test
cause: {zh: 灰, en: dust}
advice: {zh: 扫, en: sweep}
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("manual: true", "manual: false", "dust.yaml:2: manual: Input should be True"),
        ("of: site", "of: room", "dust.yaml:5: of: Input should be 'device' or 'site'"),
        ("of: site", "of: site\nclasses: [ups]", "dust.yaml:1: classes are of devices, and this is of the site"),
        ("source: test", "source: test\nlimit: {above: {warning: 1}}", "dust.yaml:1: limit needs value"),
        ("source: test", "source: test\ncadence: [continuous]", "dust.yaml:1: cadence: nobody does this continuously"),
        ("name: dust", "name: dirt", "dust.yaml:1: name: is 'dirt', but the file is dust.yaml"),
        ("en: sweep", "en: ", "dust.yaml:9: advice: needs a text in zh and one in en"),
    ],
)
def test_a_wrong_item_is_refused_with_its_line(tmp_path, old, new, complaint):
    assert old in ITEM
    (tmp_path / "dust.yaml").write_text(ITEM.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(YamlError) as caught:
        by_hand.load(tmp_path)
    assert complaint in str(caught.value)
