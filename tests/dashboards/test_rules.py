"""Recording and alert rules: of metrics there are, with labels to route by, texts in both languages, and tests."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import checks
from tests.dashboards import boards, promql

ALERTS, RECORDS = promql.rules("alerts"), promql.rules("rules")
CHINESE = re.compile("[\u3400-\u9fff]")
TEXTS = ("summary", "advice")
PAGE = re.compile(r"/|/reports|/tickets|/tickets/{{ \$labels\.ticket }}|/tickets\?(site|device)={{ \$labels\.\1 }}")
TESTS = Path(__file__).parent / "promtool"


def cases() -> list[dict[str, Any]]:
    return [case for path in TESTS.glob("*.yml") for case in yaml.safe_load(path.read_text("utf-8"))["tests"]]


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDS], ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_is_promql_of_metrics_and_labels_there_are(rule: dict[str, Any]):
    known = promql.known()
    for metric, labels in promql.selected(rule["expr"]):
        assert metric in known
        assert labels <= known[metric]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_in_both_languages_what_is_wrong_and_what_to_do(rule: dict[str, Any]):
    assert rule["labels"].keys() == {"severity", "scope", "ticketed"}
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    assert rule["labels"]["scope"] in ("agent", "site", "device", "ticket")
    assert rule["annotations"].keys() == {"page", *(name + lang for name in TEXTS for lang in ("", "_en"))}
    assert PAGE.fullmatch(rule["annotations"]["page"])
    for name in TEXTS:
        assert CHINESE.search(rule["annotations"][name])
        assert not CHINESE.search(rule["annotations"][f"{name}_en"])


def test_every_alert_is_tested_firing_and_quiet():
    tested = [each for case in cases() for each in case.get("alert_rule_test", ())]
    fires = {each["alertname"] for each in tested if each["exp_alerts"]}
    quiet = {each["alertname"] for each in tested if not each["exp_alerts"]}
    named = {rule["alert"] for rule in ALERTS}
    assert (fires, quiet) == (named, named)


def test_every_recording_rule_is_tested():
    tested = " ".join(each["expr"] for case in cases() for each in case.get("promql_expr_test", ()))
    names = {rule["record"] for rule in RECORDS}
    assert {name for name in names if name not in tested} == set()


def test_an_alert_of_which_netpatrol_opens_a_ticket_never_reaches_who_opens_tickets():
    config = yaml.safe_load((boards.DASHBOARDS / "alertmanager/alertmanager.yml").read_text("utf-8"))
    assert config["route"]["receiver"] == "duty-desk"
    for route in config["route"]["routes"]:
        if route["receiver"] != "duty-desk":
            assert 'ticketed="false"' in route["matchers"]


def test_what_inhibits_and_what_is_inhibited_are_alerts_there_are():
    config = yaml.safe_load((boards.DASHBOARDS / "alertmanager/alertmanager.yml").read_text("utf-8"))
    named = {rule["alert"] for rule in ALERTS}
    for rule in config["inhibit_rules"]:
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]:
            label, value = re.fullmatch(r'(\w+)!?=~?"(.*)"', matcher).groups()
            if label == "alertname":
                assert set(value.split("|")) <= named


def test_what_the_check_of_ups_calls_on_battery_the_alert_and_the_dashboards_do_too():
    states = checks.load()["ups_output_source"].limit.critical_states
    asked = [rule["expr"] for rule in [*ALERTS, *RECORDS] if "ups_on_battery_seconds" in rule["expr"]]
    assert len(asked) == 2
    for expr in asked:
        assert set(states) <= set(re.search(r'state=~"([^"]+)"', expr)[1].split("|"))
