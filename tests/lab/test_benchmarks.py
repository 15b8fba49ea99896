"""The benchmarks' own programs: built from C, and each row measured once on a few devices."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import burst, goals, logins, polling, simulator, switch
from benchmarks.bench import Bench
from benchmarks.burst import poll_all
from benchmarks.fleet import cases as fleet_cases
from benchmarks.simulator import Fleet
from tests.lab.processes import need, run

pytestmark = pytest.mark.lab
COMMUNITY = ("-v2c", "-c", switch.COMMUNITY, "-Oqnt")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    need("gcc", "snmpget", "prometheus-snmp-exporter", "taskset")
    with Bench(rounds=1) as started:
        yield started


@pytest.fixture(scope="module")
def fleet(bench: Bench) -> Fleet:
    return bench.fleet(polling.DEVICES)


def said(fleet: Fleet, number: int, *oids: str, how: tuple[str, ...] = COMMUNITY) -> list[str]:
    """Return the values net-snmp's client gets of a device."""
    lines = run("snmpget", *how, f"{fleet.addresses[number]}:{fleet.port}", *oids).splitlines()
    return [line.partition(" ")[2] for line in lines]


def test_counters_differ_between_devices_and_move_and_names_stay(fleet: Fleet) -> None:
    octets, name = f"{switch.IFX}.6.10101", f"{switch.IFX}.1.10101"
    before, first_name = said(fleet, 0, octets, name)
    other, other_name = said(fleet, 1, octets, name)
    assert before != other and first_name == other_name == '"Gi1/0/1"'
    after, _ = said(fleet, 0, octets, name)
    assert int(after) >= int(before) > 2**40
    uptime = [int(said(fleet, 0, "1.3.6.1.2.1.1.3.0")[0]) for _ in range(2)]
    assert uptime == sorted(uptime)


@pytest.mark.parametrize("auth", ["sha256", "sha"])
def test_net_snmp_reads_a_whole_switch_over_snmpv3(fleet: Fleet, auth: str) -> None:
    user = {"sha256": ("SHA-256", "bench-sha256"), "sha": ("SHA", "bench-sha")}[auth]
    keys = ("-A", switch.AUTH_KEY, "-x", "AES", "-X", switch.PRIV_KEY)
    how = ("-v3", "-l", "authPriv", "-a", user[0], "-u", user[1], *keys, "-On")
    whole = run("snmpbulkwalk", *how, f"{fleet.addresses[2]}:{fleet.port}", "1.3.6.1.2.1.31.1.1.1").splitlines()
    assert len(whole) == 19 * switch.PORTS
    wrong = [word if word != switch.AUTH_KEY else "another-key" for word in how]
    with pytest.raises(AssertionError, match="Authentication failure"):
        said(fleet, 2, "1.3.6.1.2.1.1.5.0", how=(*wrong, "-r0"))


def test_a_dead_device_says_nothing_and_a_missing_object_is_none(bench: Bench) -> None:
    with simulator.fleet(bench.workshop, 4, dead_every=4, number=9) as four:
        assert said(four, 0, "1.3.6.1.2.1.1.99.0") == ["No Such Instance currently exists at this OID"]
        with pytest.raises(AssertionError, match="Timeout"):
            said(four, 3, "1.3.6.1.2.1.1.5.0", how=(*COMMUNITY, "-r0", "-t1"))


def test_a_simulator_ends_with_its_run(bench: Bench) -> None:
    with simulator.fleet(bench.workshop, 1, number=8) as one:
        assert said(one, 0, "1.3.6.1.2.1.1.5.0") == ['"sw-00000"']
    with pytest.raises(AssertionError, match=r"Timeout|refused|No Response"):
        said(one, 0, "1.3.6.1.2.1.1.5.0", how=(*COMMUNITY, "-r0", "-t1"))


def test_every_row_of_polling_brings_a_figure(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAW_POLLS", "NET_SNMP_POLLS", "POLLS", "SLOW_POLLS"):
        monkeypatch.setattr(polling, name, 10)
    rows = [case for case in polling.cases() if case.row not in (goals.HLAPI, goals.PYSNMP_BEHIND)]
    figures = {(case.table, case.row): case.measure(bench)[goals.CPU] for case in rows}
    assert len(figures) == 9 and all(value > 0 for value in figures.values()), figures


async def test_a_burst_finds_who_is_dead_and_nobody_else(bench: Bench) -> None:
    with simulator.fleet(bench.workshop, 50, dead_every=burst.DEAD_EVERY, number=7) as fifty:
        found = await poll_all(fifty)
    assert (found["live ones down"], found["live ones incomplete"]) == (0, 0)
    assert found["s wall"] > 2 * switch.TIMEOUT


def test_the_daemon_polls_a_small_fleet_in_time(bench: Bench) -> None:
    (faulty,) = fleet_cases(rounds=2, interval=12.0, sizes=[10])
    found = faulty.measure(bench)
    assert (found["late rounds"], found["spurious time-outs"]) == (0, 0)
    assert found["s p99"] > 0 and found["GB in RAM"] > 0


def test_devices_are_read_over_ssh_fifty_at_once(bench: Bench) -> None:
    anew, kept = (case.measure(bench) for case in logins.cases()[:2])
    assert anew["failed"] == kept["failed"] == 0
    assert 0 < kept["ms CPU a device"] < anew["ms CPU a device"]


def test_the_runner_keeps_what_it_measured(tmp_path: Path, bench: Bench) -> None:
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    command = [sys.executable, "-m", "benchmarks", "scraping", "--rounds", "1", f"--results={results}"]
    done = subprocess.run([*command, f"--write={page}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(results.read_text("utf-8"))["runs"]["short"]["values"]
    assert "300,000 series at scrape" in page.read_text("utf-8")
