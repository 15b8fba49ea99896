"""What every engine reads of the simulated switch: our profile, the peers' lists and snmp_exporter's module agree."""

import yaml

from benchmarks import exporter, switch
from benchmarks.asking import PROFILES
from collectors import profiles, snmp_decode


def test_our_profile_reads_the_scalars_and_columns_of_the_others() -> None:
    plan = snmp_decode.plan(profiles.load(PROFILES)["bench_switch"])
    assert set(plan.scalars) == set(switch.SCALARS)
    assert {column for table in plan.tables for column in table} == set(switch.COLUMNS)
    assert (len(switch.SCALARS), len(switch.COLUMNS), switch.VALUES) == (30, 20, 990)


def test_the_raw_loop_sends_one_get_and_two_getbulks_a_column() -> None:
    lines = switch.requests().splitlines()
    assert lines[0].split()[1:] == list(switch.SCALARS)
    assert len(lines) == 1 + 2 * len(switch.COLUMNS)
    assert lines[1:3] == [f"bulk {switch.COLUMNS[0]}", f"bulk {switch.COLUMNS[0]}.10125"]


def test_a_client_that_walks_is_told_the_columns_alone() -> None:
    assert switch.walks().splitlines()[1:] == [f"bulk {column}" for column in switch.COLUMNS]


def test_snmp_exporter_reads_the_same_and_labels_every_interface_figure_by_three_look_ups() -> None:
    modules = yaml.safe_load(exporter.configuration())
    assert set(modules) == {"v2c", "v3"}
    for module in modules.values():
        assert module["walk"] == list(switch.COLUMNS) and module["get"] == list(switch.SCALARS)
        interfaces = [metric for metric in module["metrics"] if "lookups" in metric]
        assert {metric["name"] for metric in interfaces} == switch.GAUGES.keys() | switch.COUNTERS.keys()
        assert all({each["labelname"] for each in m["lookups"]} == switch.TEXTS.keys() for m in interfaces)


def test_addresses_go_on_over_the_end_of_an_octet() -> None:
    assert list(switch.addresses("127.1.0.254", 3)) == ["127.1.0.254", "127.1.0.255", "127.1.1.0"]
