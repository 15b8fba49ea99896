"""What our access to a device, and the ports it says it listens at, tell of its security. No secret is told. Pure."""

from collections.abc import Iterator

from agent.derive.readings import Derived, Readings, Rule
from collectors.model import Sample, SnmpAccess
from collectors.vocabulary import CHOICES, VOCABULARY

ITEM, OPEN = "device_config_item", "device_port_open"
WORKED = "device_snmp_rtt_seconds"
CONNECTED_TO = frozenset({"21", "23", "80"})

KNOWN_TO_ALL = frozenset(
    {
        *("public", "private", "community", "default", "snmp", "snmpd", "cisco", "admin", "manager", "monitor"),
        *("read", "write", "rmon", "security", "system", "secret", "test", "password", "ilmi", "router", "switch"),
    }
)
"""Communities in every list of defaults, in lower case."""


def _access(readings: Readings) -> Derived:
    """Judge the SNMP access that just worked. What the configuration itself says of an item goes before."""
    access = readings.entry.device.snmp
    if access is None or not readings.series(WORKED):
        return Derived()
    told = {s.labels.get("item") for s in readings.series(ITEM)}
    return Derived(tuple(Sample(ITEM, {"item": item}, int(yes)) for item, yes in items(access) if item not in told))


def items(access: SnmpAccess) -> Iterator[tuple[str, bool]]:
    """Yield what an access says of the configuration's items: (item, whether it is so)."""
    yield "snmp_v1", access.version == "1"
    yield "snmp_v2c", access.version == "2c"
    if access.version == "3":
        yield "snmp_no_auth", access.auth_protocol is None
        yield "snmp_no_priv", access.priv_protocol is None
        yield "snmp_weak_auth", access.auth_protocol == "md5"
        yield "snmp_weak_priv", access.priv_protocol == "des"
    elif access.community is not None:
        yield "snmp_default_community", access.community.reveal().lower() in KNOWN_TO_ALL


def _listening(readings: Readings) -> Derived:
    """A host that lists the ports it listens at says of all others that they are closed.

    That it does is told by a port beyond those that an inspection connects to: its own SSH, for one.
    """
    told = {s.labels.get("port", "") for s in readings.series(OPEN)}
    if told <= CONNECTED_TO:
        return Derived()
    return Derived(tuple(Sample(OPEN, {"port": port}, 0) for port in CHOICES[OPEN] if port not in told | CONNECTED_TO))


RULES = (
    Rule(makes={ITEM: VOCABULARY[ITEM]}, sources=(), make=_access, concerns=frozenset({WORKED})),
    Rule(makes={OPEN: VOCABULARY[OPEN]}, sources=(frozenset({OPEN}),), make=_listening, concerns=frozenset({OPEN})),
)
