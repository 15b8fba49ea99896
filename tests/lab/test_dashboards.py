"""Every query of dashboards and rules finds something on a Prometheus that scrapes netpatrol on a fleet."""

import contextlib
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.dashboards import boards
from tests.lab import fleet
from tests.lab.command_line import CRITICAL, Daemon
from tests.lab.monitoring import DASHBOARDS, Watcher, watching
from tests.lab.processes import eventually, need, run

pytestmark = pytest.mark.lab

# as widely used dashboards for snmp_exporter's IF-MIB ask, with $instance, $interface and the like filled in
COMMUNITY = (
    'up{job="netpatrol"}',
    'rate(ifHCInOctets{instance=~"core-1",ifName=~"GigabitEthernet0/0/.+"}[20s]) * 8',
    'irate(ifHCOutOctets{job=~"netpatrol",instance="core-1",ifDescr=~".*"}[20s]) * 8',
    'sum(irate(ifHCInOctets{instance="core-1"}[20s]) * 8)',
    'sum by (ifIndex) (rate(ifHCInOctets{instance="access-1"}[20s]) * 8)',
    'topk(10, sum by (instance, ifName) (rate(ifHCInOctets[20s]) + rate(ifHCOutOctets[20s])))',
    'max(delta(ifHCOutOctets{instance="core-1"}[20s]))',
    'rate(ifHCInOctets{instance="core-1"}[20s]) * 8 / (ifHighSpeed{instance="core-1"} * 1e6) * 100',
    'rate(ifHCInUcastPkts{instance="core-1"}[20s])',
    'increase(ifInErrors{instance="core-1",ifAlias!=""}[20s])',
    'rate(ifOutDiscards{instance="core-1"}[20s])',
    'ifOperStatus{instance="core-1",ifName="GigabitEthernet0/0/1"}',
    'count(ifOperStatus{instance="core-1"} == 1)',
    'count(ifAdminStatus{instance="access-1"} == 1 and ifOperStatus{instance="access-1"} == 2)',
    'ifMtu{instance="core-1"}',
    'ifHighSpeed{instance="core-1"} * 1000000',
    'ifSpeed{instance="fw-1"}',
    'sysUpTime{instance="core-1"} / 100',
    'sysUpTime{job=~"netpatrol",instance=~"core-1"} * 10',
    'rate(ifHCInOctets{instance="core-1"}[20s]) * on (instance, ifIndex) group_left (ifAlias) ifAlias',
    'ifOperStatus{instance="core-1"} * on (instance, ifIndex) group_left (ifDescr) ifDescr',
    'bgpPeerState{instance="edge-1"}',
)  # fmt: skip
STILL = {"最近一天通断最频繁的接口", "Least stable interfaces"}  # no port goes up and down
COMMUNITY_VARIABLES = (
    ("ifOperStatus", "instance"),
    ('ifOperStatus{instance="core-1"}', "ifName"),
    ('ifHCInOctets{instance="core-1"}', "ifAlias"),
    ("ifHCInOctets", "job"),
)


@dataclass(frozen=True)
class Watched:
    """The fleet, and who watches it."""

    fleet: fleet.Fleet
    prometheus: Watcher
    daemon: Daemon


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A fleet that was polled and inspected, with a ticket that somebody answered and one that was resolved."""
    need("prometheus", "prometheus-alertmanager", "amtool")
    folder: Path = tmp_path_factory.mktemp("fleet")
    with (
        fleet.running(folder, push={"url": "http://127.0.0.1:9/write"}) as site,  # nobody is there: it waits
        site.operator.daemon("--pollers", "2") as daemon,
        watching(folder, daemon.address) as prometheus,
    ):
        assert site.operator.inspect()[0] == CRITICAL
        number = next(t["number"] for t in site.operator.tickets() if t["device"] == "ups-1")
        assert site.operator.run("tickets", "acknowledge", number, "--by", "值班台").code == 0
        site.repair("core-1")
        for query in (
            "netpatrol_tickets_resolved > 0",
            "netpatrol_inspection_score",
            'rate(ifHCInOctets{device="core-1"}[20s]) > 0',
            'rate(ifHCInOctets{device="access-1"}[20s]) > 0',
        ):
            eventually(query, lambda query=query: prometheus.ask(query), 60, pause=0.5)
        yield Watched(site, prometheus, daemon)


def found(prometheus: Watcher, query: str, *, now: bool) -> int:
    """Return how many series a query finds, now or in the last seconds, with a figure that is a number."""
    at = time.time()
    series = prometheus.ask(query) if now else prometheus.range(query, at - 20, at, 5)
    values = [[one["value"]] if now else one["values"] for one in series]
    return sum(any(value != "NaN" for _, value in each) for each in values)


@pytest.mark.parametrize("name", boards.NAMES)
def test_every_panel_shows_something(name: str, watched: Watched):
    board = boards.read(name)
    every = (each for each in boards.queries(board) if each.panel not in STILL)
    asked = {(each.panel, boards.filled(board, each.expr)): each.now for each in every}
    assert len(asked) > 10
    empty = dict(asked)

    def all_found() -> bool:
        for key in [key for key, now in empty.items() if found(watched.prometheus, key[1], now=now)]:
            del empty[key]
        return not empty

    with contextlib.suppress(AssertionError):  # a device that is late on a busy machine is back with the next poll
        eventually("every panel", all_found, 90, pause=0.5)
    assert empty == {}


@pytest.mark.parametrize(
    ("board", "series", "label", "words"),
    [
        ("zh/tickets", 'netpatrol_ticket_breached{device="ups-1"}', "ticket", "值班台"),
        ("en/device", 'netpatrol_ticket_breached{device="ups-1"}', "ticket", "acknowledged"),
        ("zh/inspection", "netpatrol_inspection_run_info", "run", "设备巡检报告"),
        ("en/inspection", "netpatrol_inspection_run_info", "run", "Inspection report"),
    ],
)
def test_a_cell_s_link_opens_its_ticket_or_report_at_the_daemon(board, series, label, words, watched: Watched):
    (link,) = [path for path in boards.pages(boards.read(board)) if boards.HERE in path]
    found = eventually(series, lambda: watched.prometheus.ask(f"max by ({label}) ({series})"), 60)
    pages = {each["metric"][label]: "" for each in found}
    for value in pages:
        pages[value] = watched.daemon.page(path=link.replace(boards.HERE, value))
    assert [value for value, page in pages.items() if value not in page] == []
    assert any(words in page for page in pages.values())


@pytest.mark.parametrize("name", boards.NAMES)
def test_every_variable_offers_something(name: str, watched: Watched):
    board = boards.read(name)
    for variable in boards.variables(board):
        series, label = boards.asked_of(variable, board)
        assert watched.prometheus.fetch(f"label/{label}/values", **{"match[]": series}), variable["name"]


def test_every_rule_is_evaluated_and_every_recorded_series_exists(watched: Watched):
    prometheus = watched.prometheus

    def evaluated() -> list[dict]:
        rules = [rule for group in prometheus.fetch("rules")["groups"] for rule in group["rules"]]
        return rules if all(rule["health"] != "unknown" for rule in rules) else []

    rules = eventually("every rule evaluated", evaluated)
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    recorded = {rule["name"] for rule in rules if rule["type"] == "recording"}
    assert len(recorded) > 12
    for name in sorted(recorded):
        eventually(f"a series of {name}", lambda name=name: prometheus.ask(f'{{__name__="{name}"}}'))


@pytest.mark.parametrize("query", COMMUNITY)
def test_a_dashboard_made_for_snmp_exporter_finds_its_figures(query: str, watched: Watched):
    assert found(watched.prometheus, query, now=True), query


@pytest.mark.parametrize(("series", "label"), COMMUNITY_VARIABLES)
def test_a_dashboard_made_for_snmp_exporter_can_choose(series: str, label: str, watched: Watched):
    assert watched.prometheus.fetch(f"label/{label}/values", **{"match[]": series})


def test_the_duty_desk_hears_in_chinese_of_a_device_that_dies(watched: Watched, tmp_path: Path):
    heard = watched.prometheus.heard
    firing = f'ALERTS{{alertname="DeviceDown",alertstate="firing",device="{fleet.VICTIM}"}}'
    eventually("it is well", lambda: not watched.prometheus.ask(firing), 90)  # it was late, if the machine was busy
    heard.alerts.clear()
    watched.fleet.silence(fleet.VICTIM)
    eventually("Alertmanager's webhook", lambda: heard.of("DeviceDown", device=fleet.VICTIM), 90)
    (path, alert), *_ = heard.of("DeviceDown", device=fleet.VICTIM)
    assert path == "/duty-desk"
    assert alert["annotations"]["summary"] == f"设备 {fleet.VICTIM}（globex-plant）无应答"
    assert alert["annotations"]["summary_en"] == f"Device {fleet.VICTIM} (globex-plant) does not answer"
    assert "已按合同自动开工单" in rendered([alert], tmp_path)


def test_a_site_that_is_cut_off_is_told_of_once(watched: Watched):
    def alerts() -> dict[str, dict]:
        found = manager_alerts(watched.prometheus.manager, 'site="globex-branch"')
        return {f"{each['labels']['alertname']} {each['labels'].get('device', '')}".strip(): each for each in found}

    expected = {"SiteDown": "active", "DeviceDown branch-1": "suppressed"}  # branch-2 is only behind it

    def settled() -> bool:
        return {name: each["status"]["state"] for name, each in alerts().items() if "Down" in name} == expected

    eventually("SiteDown and what follows from it", settled, 120)


def manager_alerts(address: str, matcher: str) -> list[dict]:
    """Return what Alertmanager holds of some labels, with whether something else explains it."""
    url = f"http://{address}/api/v2/alerts?{urllib.parse.urlencode({'filter': matcher})}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def rendered(alerts: list[dict], folder: Path) -> str:
    """Return what the example's Chinese template makes of alerts, by Alertmanager's own tool."""
    data = {
        "receiver": "duty-desk",
        "status": "firing",
        "alerts": alerts,
        "groupLabels": {"site": alerts[0]["labels"]["site"]},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
    }
    (folder / "data.json").write_text(json.dumps(data), "utf-8")
    template = f"--template.glob={DASHBOARDS / 'alertmanager/netpatrol.tmpl'}"
    text = '{{ template "netpatrol.zh.title" . }}\n{{ template "netpatrol.zh.text" . }}'
    return run(
        "amtool", "template", "render", template, f"--template.text={text}", f"--template.data={folder}/data.json"
    )
