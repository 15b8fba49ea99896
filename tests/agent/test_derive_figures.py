"""Figures that follow from others: capacities, phases, rooms, access points, ports nobody uses."""

import pytest

from agent.derive import derive
from agent.model import Entry
from collectors.model import DeviceClass, Sample, Snapshot
from tests.agent.said import DAY, MINUTE, entry, failure, port, readings, sample, silent, snapshot, values

UPS, PDU = entry(DeviceClass.UPS), entry(DeviceClass.PDU)
UP_FOR = 200 * DAY


def only(name: str, *samples: Sample, site: Entry | None = None) -> list[float]:
    found = derive(snapshot(samples), None, site or entry())
    return [s.value for s in found.samples if s.name == name]


# ---- capacities ----


def entries(kind: str, count: float, most: float | None = None) -> list[Sample]:
    labels = {"kind": kind, "entity": "SPU 0"}
    return [sample("device_entries", count, **labels)] + (
        [] if most is None else [sample("device_capacity", most, **labels)]
    )


@pytest.mark.parametrize(("count", "most", "ratio"), [(50, 200, [0.25]), (50, 0, []), (50, None, []), (-1, 200, [])])
def test_a_capacity_is_shared_by_how_many_there_may_be(count, most, ratio):
    assert only("device_capacity_ratio", *entries("session", count, most)) == ratio


def test_a_share_that_the_device_tells_is_not_worked_out_again():
    told = sample("device_capacity_ratio", 0.3, kind="session", entity="SPU 0")
    assert only("device_capacity_ratio", *entries("session", 50, 100), told) == [0.3]


def routes(count: float, at: float) -> Snapshot:
    return snapshot(entries("route", count), at)


@pytest.mark.parametrize(
    ("then", "now", "share"), [(100, 130, 0.3), (100, 100, 0), (100, 0, -1), (3, 6, 0.15), (0, 500, 25)]
)
def test_routes_are_compared_with_those_there_were(then, now, share):
    found = values(readings(routes(then, 0), routes(now, MINUTE)), "device_route_change_ratio", "entity")
    assert found == {"SPU 0": pytest.approx(share)}


def test_a_lasting_change_of_routes_is_news_for_a_day_or_two():
    polls = [routes(100, 0), routes(200, DAY / 2), routes(200, 1.2 * DAY), routes(200, 3 * DAY)]
    said = [values(readings(*polls[: n + 1]), "device_route_change_ratio", "entity").get("SPU 0") for n in range(4)]
    assert said == [None, 1, 1, 0]


# ---- access points ----


def points(at: float, **up: int) -> Snapshot:
    return snapshot([sample("wlan_ap_up", value, ap=name) for name, value in up.items()], at)


def online(*each: Snapshot) -> dict[object, object]:
    return dict(values(readings(*each), "wlan_ap_online_ratio", "state"))


def test_access_points_are_counted_among_those_known():
    assert online(points(0, a=1, b=1, c=0, d=1)) == {"3/4": 0.75}
    assert online(points(0, a=1, b=1), points(MINUTE, a=1)) == {"1/2": 0.5}  # gone from the list
    gone = [points(0, a=1, b=1), points(16 * DAY, a=1), points(32 * DAY, a=1), points(33 * DAY, a=1)]
    assert online(*gone) == {"1/1": 1}  # taken down for good


def test_a_controller_that_was_not_read_has_lost_no_access_points():
    nothing = silent(MINUTE, failure("wlan_ap_up"))
    assert online(points(0, a=1, b=1), nothing) == {}
    assert online(points(0, a=1, b=1), nothing, points(2 * MINUTE, a=1, b=1)) == {"2/2": 1}


# ---- UPS ----


def imbalance(**loads: float) -> list[float]:
    said = [sample("ups_load_ratio", load, line=line.removeprefix("L")) for line, load in loads.items()]
    return only("ups_load_imbalance_ratio", *said, site=UPS)


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ({"L1": 0.3, "L2": 0.3, "L3": 0.3}, [0]),
        ({"L1": 0.2, "L2": 0.3, "L3": 0.4}, [pytest.approx(2 / 3)]),
        ({"L1": 0.01, "L2": 0.05, "L3": 0.01}, [0]),  # hardly loaded
        ({"L1": 0.4}, []),
        ({"L1": 0.4, "L2": 0.1}, []),
    ],
)
def test_three_phases_are_compared(loads, expected):
    assert imbalance(**loads) == expected


@pytest.mark.parametrize(
    ("volts", "rated", "ratio"), [(25.2, 24, [1.05]), (21.6, 24, [0.9]), (25, 0, []), (25, None, [])]
)
def test_a_battery_is_held_against_its_rating(volts, rated, ratio):
    said = [sample("ups_battery_voltage_volts", volts)]
    said += [] if rated is None else [sample("ups_battery_nominal_volts", rated)]
    assert only("ups_battery_voltage_ratio", *said, site=UPS) == pytest.approx(ratio)


# ---- rooms ----


@pytest.mark.parametrize(
    ("site", "sensor", "place"),
    [
        (UPS, "Ambient", "room"),
        (UPS, "Probe 2", "room"),
        (UPS, "机房温度", "room"),
        (UPS, "Inverter", "inside"),
        (UPS, "Heat sink", "inside"),
        (PDU, "T1", "room"),
    ],
)
def test_a_sensor_is_in_the_room_by_its_name(site, sensor, place):
    found = derive(snapshot([sample("device_temperature_celsius", 31, entity=sensor)]), None, site)
    assert values(found, "device_climate_celsius", "entity", "place") == {(sensor, place): 31}


def test_other_devices_are_no_thermometers():
    assert only("device_climate_celsius", sample("device_temperature_celsius", 31, entity="Ambient")) == []


# ---- ports ----


def idle(number: int, since_days: float, **more: float) -> list[Sample]:
    changed = (UP_FOR - since_days * DAY) * 100
    return port(number, ifOperStatus=2, ifLastChange=changed, **more)


def unused(*ports: list[Sample], uptime: float = UP_FOR) -> dict[object, object]:
    said = [sample("device_uptime_seconds", uptime), *(s for each in ports for s in each)]
    return dict(values(derive(snapshot(said), None, entry(DeviceClass.SWITCH)), "if_unused_ratio", "state"))


def test_ports_that_are_open_and_down_for_long_are_unused():
    busy = port(1, ifLastChange=0)
    assert unused(busy, idle(2, 120)) == {"1/2: GE0/0/2": 0.5}
    assert unused(busy, idle(2, 30)) == {"0/2": 0}
    assert unused(busy, idle(2, 120, ifAdminStatus=2)) == {"0/2": 0}
    assert unused(busy, idle(2, 120, ifConnectorPresent=2)) == {"0/1": 0}


def test_many_unused_ports_are_named_in_part():
    (state,) = unused(*(idle(n, 120) for n in range(1, 9)))
    assert state.startswith("8/8: ") and state.endswith(" …")


def test_a_device_that_started_not_long_ago_knows_nothing_of_unused_ports():
    assert unused(port(1, ifOperStatus=2, ifLastChange=0), uptime=10 * DAY) == {"0/1": 0}


def shut(*listed: dict[str, str], read: bool = True) -> dict[object, object]:
    rows = [sample("ifErrorDisabled", 1, ifName="", ifDescr="", ifAlias="", **each) for each in listed]
    marker = sample("ifErrorDisabled", 0, ifIndex="", ifName="", ifDescr="", ifAlias="", state="")
    said = [*port(1), *port(2), *rows, *([marker] if read else [])]
    found = derive(snapshot(said, expected={"ifErrorDisabled"}), None, entry(DeviceClass.SWITCH))
    return dict(values(found, "if_error_disabled", "ifName", "state"))


def test_ports_that_are_not_on_a_list_that_was_read_are_well():
    assert shut() == {("GE0/0/1", ""): 0, ("GE0/0/2", ""): 0}
    found = shut({"ifIndex": "2", "state": "bpduGuard"})
    assert found == {("GE0/0/1", ""): 0, ("GE0/0/2", "bpduGuard"): 1}


def test_ports_that_a_command_line_lists_are_told_apart_by_name():
    ports = [{"ifIndex": "", "ifName": name, "ifDescr": "", "ifAlias": ""} for name in ("Gi1/0/1", "Gi1/0/2")]
    said = [sample("ifOperStatus", 1, **each) for each in ports]
    said += [sample("ifErrorDisabled", n, state="bpduguard" * n, **each) for n, each in enumerate(ports)]
    found = derive(snapshot(said, expected={"ifErrorDisabled"}), None, entry(DeviceClass.SWITCH))
    shut_ports = dict(values(found, "if_error_disabled", "ifName", "state"))
    assert shut_ports == {("Gi1/0/1", ""): 0, ("Gi1/0/2", "bpduguard"): 1}


def test_a_device_without_such_a_list_is_not_taken_for_well():
    assert shut(read=False) == {}


# ---- broadcasts ----


def share(unicast: int, broadcast: int, multicast: int = 0, seconds: float = 60) -> float | None:
    kinds = {"ifHCInUcastPkts": unicast, "ifHCInBroadcastPkts": broadcast, "ifHCInMulticastPkts": multicast}
    first = snapshot(port(1, ifHighSpeed=1000, **dict.fromkeys(kinds, 0)))
    found = readings(first, snapshot(port(1, ifHighSpeed=1000, **kinds), seconds))
    return values(found, "if_broadcast_ratio", "direction").get("in")


@pytest.mark.parametrize(
    ("packets", "ratio"),
    [
        ((90_000, 10_000), 0.1),
        ((60_000, 20_000, 20_000), 0.4),
        ((0, 600), 0.01),  # an idle port hears hardly anything else
        ((0, 36_000), 0.6),
        ((0, 0), 0),
    ],
)
def test_broadcasts_are_a_share_of_all_packets_or_of_a_thousand_a_second(packets, ratio):
    assert share(*packets) == pytest.approx(ratio)


# ---- spares ----


def disks(at: float, *states: str) -> Snapshot:
    said = [
        sample("device_state", 1, entity=f"Disk {n}", kind="disk", state=state, health="ok")
        for n, state in enumerate(states)
    ]
    return snapshot(said, at)


def spares(*each: Snapshot) -> dict[object, object]:
    return dict(values(readings(*each), "device_entries", "kind"))


def test_spares_are_counted_once_there_was_one():
    assert spares(disks(0, "online", "online")) == {}
    assert spares(disks(0, "online", "hot-spare")) == {"hot_spare": 1}
    assert spares(disks(0, "online", "hot-spare"), disks(DAY, "online", "online")) == {"hot_spare": 0}
    assert spares(disks(0, "online", "spare"), silent(DAY), disks(2 * DAY, "online")) == {"hot_spare": 0}


def test_a_list_that_came_without_disks_says_nothing_of_spares_and_forgets_none():
    fan = snapshot([sample("device_state", 1, entity="FAN 1", kind="fan", state="ok", health="ok")], DAY)
    assert spares(disks(0, "online", "spare"), fan) == {}
    assert spares(disks(0, "online", "spare"), fan, disks(2 * DAY, "online")) == {"hot_spare": 0}
