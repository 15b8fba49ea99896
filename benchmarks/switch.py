"""What one poll of the simulated 48-port switch reads: 30 scalars and 20 columns, 990 values in all."""

import ipaddress
from collections.abc import Iterator

from collectors.model import AuthProtocol, Device, DeviceClass, Secret, SnmpAccess

PORTS = 48
FIRST_INDEX = 10101  # ifIndex of the first port
REPETITIONS = 25
IF, IFX = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
SENSOR = "1.3.6.1.2.1.99.1.1.1.4"
SENSORS = range(1001, 1021)

SCALARS = (
    *(f"1.3.6.1.2.1.1.{arc}.0" for arc in (1, 3, 5, 6)),  # sysDescr, sysUpTime, sysName, sysLocation
    "1.3.6.1.2.1.2.1.0",  # ifNumber
    *(f"1.3.6.1.4.1.2021.11.{arc}.0" for arc in (9, 10)),  # ssCpuUser, ssCpuSystem
    *(f"1.3.6.1.4.1.2021.4.{arc}.0" for arc in (5, 6, 11)),  # memTotalReal, memAvailReal, memTotalFree
    *(f"{SENSOR}.{index}" for index in SENSORS),  # entPhySensorValue
)
TEXTS = {"ifDescr": f"{IF}.2", "ifName": f"{IFX}.1", "ifAlias": f"{IFX}.18"}
GAUGES = {
    "ifSpeed": f"{IF}.5",
    "ifAdminStatus": f"{IF}.7",
    "ifOperStatus": f"{IF}.8",
    "ifLastChange": f"{IF}.9",
    "ifHighSpeed": f"{IFX}.15",
}
COUNTERS = {
    "ifInDiscards": f"{IF}.13",
    "ifInErrors": f"{IF}.14",
    "ifOutDiscards": f"{IF}.19",
    "ifOutErrors": f"{IF}.20",
    "ifHCInOctets": f"{IFX}.6",
    "ifHCInUcastPkts": f"{IFX}.7",
    "ifHCInMulticastPkts": f"{IFX}.8",
    "ifHCInBroadcastPkts": f"{IFX}.9",
    "ifHCOutOctets": f"{IFX}.10",
    "ifHCOutUcastPkts": f"{IFX}.11",
    "ifHCOutMulticastPkts": f"{IFX}.12",
    "ifHCOutBroadcastPkts": f"{IFX}.13",
}
COLUMNS = (*TEXTS.values(), *GAUGES.values(), *COUNTERS.values())
VALUES = len(SCALARS) + len(COLUMNS) * PORTS
# three scalars become facts, and the texts become labels of all other columns
SAMPLES = len(SCALARS) - 3 + (len(GAUGES) + len(COUNTERS)) * PORTS

COMMUNITY, AUTH_KEY, PRIV_KEY = "public", "authpass1234", "privpass1234"  # the simulator's; see native/usm.c
USERS: dict[AuthProtocol, str] = {"sha256": "bench-sha256", "sha": "bench-sha"}
TIMEOUT, RETRIES = 2.0, 1


def walks() -> str:
    """Return what a poll asks, a request a line, for a client that finds the rows itself."""
    return "\n".join([f"get {' '.join(SCALARS)}", *(f"bulk {column}" for column in COLUMNS), ""])


def requests() -> str:
    """Return every request of a poll, a line each: a column takes as many GETBULKs as reach past its last row."""
    lines = [f"get {' '.join(SCALARS)}"]
    for column in COLUMNS:
        lines.append(f"bulk {column}")
        later = range(FIRST_INDEX + REPETITIONS, FIRST_INDEX + PORTS + 1, REPETITIONS)
        lines += [f"bulk {column}.{first - 1}" for first in later]
    return "\n".join([*lines, ""])


def addresses(first: str, count: int) -> Iterator[str]:
    """Return consecutive addresses."""
    base = ipaddress.IPv4Address(first)
    return (str(base + number) for number in range(count))


def access(version: str, port: int, *, auth: AuthProtocol = "sha256") -> SnmpAccess:
    """Return how to ask a simulated switch: v2c, or v3 with authentication and AES-128."""
    if version == "2c":
        return SnmpAccess(
            port=port, community=Secret(COMMUNITY), timeout=TIMEOUT, retries=RETRIES, max_repetitions=REPETITIONS
        )
    return SnmpAccess(
        version="3",
        port=port,
        user=USERS[auth],
        auth_protocol=auth,
        auth_key=Secret(AUTH_KEY),
        priv_protocol="aes128",
        priv_key=Secret(PRIV_KEY),
        timeout=TIMEOUT,
        retries=RETRIES,
        max_repetitions=REPETITIONS,
    )


def device(address: str, snmp: SnmpAccess, profile: str | None = "bench_switch") -> Device:
    """Return a simulated switch as a collector sees it."""
    return Device(
        name=address, address=address, device_class=DeviceClass.SWITCH, profile=profile, snmp=snmp, icmp=False
    )
