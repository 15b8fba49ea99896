"""The form of manual items that a person fills in, and what is read of it."""

from datetime import date

import pytest

from agent import answers
from agent.checks import by_hand
from agent.model import Customer, Entry, Inventory, ManualAnswer, Site, Text
from collectors import yamlfile
from collectors.model import Device, DeviceClass
from collectors.yamlfile import YamlError

ITEMS = by_hand.load()
HQ = Site(name="hq", title=Text("总部", "HQ"), customer=Customer(name="acme", title=Text("某", "Acme")))


def entry(name: str, device_class: DeviceClass) -> Entry:
    return Entry(device=Device(name=name, address="10.0.0.1", device_class=device_class), site=HQ)


UPS, SWITCH = entry("ups-1", DeviceClass.UPS), entry("sw-1", DeviceClass.SWITCH)
INVENTORY = Inventory(entries={"ups-1": UPS, "sw-1": SWITCH}, sites={"hq": HQ})


def read(tmp_path, text: str) -> tuple[ManualAnswer, ...]:
    path = tmp_path / "visit.yaml"
    path.write_text(text, encoding="utf-8")
    return answers.read(path, ITEMS, INVENTORY)


def test_answers_are_read_with_who_and_when(tmp_path):
    found = read(
        tmp_path,
        "by: Li Lei\non: 2026-11-22\nanswers:\n"
        "  - {item: cleaning, site: hq, ok: true, note: 换了防尘网}\n"
        "  - {item: discharge_test, device: ups-1, value: 0.86, by: Han, on: 2026-11-20}\n",
    )
    assert found == (
        ManualAnswer(item="cleaning", site="hq", ok=True, note="换了防尘网", by="Li Lei", on=date(2026, 11, 22)),
        ManualAnswer(item="discharge_test", device="ups-1", value=0.86, by="Han", on=date(2026, 11, 20)),
    )


def test_an_empty_form_answers_nothing(tmp_path):
    for lang in ("zh", "en"):
        form = answers.blank(answers.asked(ITEMS, [UPS, SWITCH], None), lang)
        assert read(tmp_path, form) == ()


def test_a_form_filled_in_by_hand_is_read(tmp_path):
    form = answers.blank(answers.asked(ITEMS, [UPS], "yearly"), "en")
    filled = form.replace("ok: # true or false\n    value: # ohms", "ok: true\n    value: 3.2")
    assert read(tmp_path, filled) == (ManualAnswer(item="earthing", site="hq", ok=True, value=3.2),)


def asked(entries, cadence) -> set[tuple[str, str, str]]:
    return {(item.name, device, site) for item, device, site in answers.asked(ITEMS, entries, cadence)}


def test_a_site_is_asked_once_and_each_device_of_the_classes():
    found = asked([UPS, SWITCH, entry("ups-2", DeviceClass.UPS)], None)
    assert {each for each in found if each[0] == "cleaning"} == {("cleaning", "", "hq")}
    assert {each[1] for each in found if each[0] == "discharge_test"} == {"ups-1", "ups-2"}


@pytest.mark.parametrize(
    ("cadence", "names"), [("monthly", {"site_temperature"}), ("yearly", {"earthing", "cleaning"})]
)
def test_an_inspection_asks_for_what_belongs_to_it(cadence, names):
    found = {name for name, _, _ in asked([UPS], cadence)}
    assert names <= found
    assert ("earthing" in found) == (cadence == "yearly")


def test_the_form_says_what_to_do_in_the_language_asked_for():
    form = answers.blank(answers.asked(ITEMS, [UPS], None), "zh")
    assert "# UPS-13 UPS 核对性放电" in form
    assert len(yamlfile.parse(form, "form").data["answers"]) == len(asked([UPS], None))


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (
            "{item: cleening, site: hq, ok: true}",
            "visit.yaml:2: answers[0].item: 'cleening' is no manual item (known: ",
        ),
        (
            "{item: cleaning, site: branch, ok: true}",
            "answers[0].site: cleaning is of a site of the inventory (known: hq)",
        ),
        ("{item: cleaning, device: sw-1, site: hq}", "answers[0].device: cleaning is of a site: leave this out"),
        ("{item: discharge_test, site: hq}", "answers[0].device: discharge_test is of a device of the inventory"),
        ("{item: discharge_test, device: sw-1}", "answers[0].device: sw-1 is no ups"),
        ("{item: cleaning, site: hq, value: 3}", "answers[0].value: cleaning has no figure: answer ok: true or false"),
        ("{item: cleaning, site: hq, ok: yes}", "answers[0].ok: is not true or false"),
        ("{item: discharge_test, device: ups-1, value: 86 %}", "answers[0].value: is not a number"),
        ("{item: discharge_test, device: ups-1, value: nan}", "answers[0].value: Input should be a finite number"),
        ("{item: cleaning, site: hq, okay: true}", "answers[0].okay: Extra inputs are not permitted"),
        ("{item: cleaning, site: hq, on: 22.11.2026}", "answers[0].on: is not a date"),
    ],
)
def test_a_wrong_answer_is_refused_with_its_line_and_key(tmp_path, answer, complaint):
    with pytest.raises(YamlError) as caught:
        read(tmp_path, f"answers:\n  - {answer}\n")
    assert complaint in str(caught.value)
    assert "visit.yaml:2" in str(caught.value)
