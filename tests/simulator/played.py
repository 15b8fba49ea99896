"""A small profile, a device that has all of it, and a transport that plays the device."""

from collections.abc import Mapping, Sequence

from collectors.errors import CollectError
from collectors.model import Device, DeviceClass, Rows, Secret, SnmpAccess, Value, Walk
from collectors.profiles.rules import Profile
from collectors.snmp_collector import SYS_DESCR, SYS_OBJECT_ID

UPTIME, BOOTS = "1.3.6.1.2.1.1.3.0", "1.3.6.1.6.3.10.2.1.2.0"
OPER, HC_IN, IF_NAME = "1.3.6.1.2.1.2.2.1.8", "1.3.6.1.2.1.31.1.1.1.6", "1.3.6.1.2.1.31.1.1.1.1"
STORAGE = "1.3.6.1.2.1.25.2.3.1.5"

TAGS = [{"tag": "ifIndex", "index": 1}, {"tag": "ifName", "symbol": {"OID": IF_NAME, "name": "ifName"}}]
PROFILE = Profile.model_validate(
    {
        "name": "small",
        "metadata": {"device": {"fields": {"vendor": {"value": "Example"}}}},
        "metrics": [
            {"symbol": {"OID": UPTIME, "name": "sysUpTime", "sample": "device_uptime_seconds", "scale": 0.01}},
            {"symbol": {"OID": BOOTS, "name": "snmpEngineBoots", "sample": "device_engine_boots"}},
            {
                "table": {"OID": "1.3.6.1.2.1.2.2", "name": "ifTable"},
                "symbols": [{"OID": OPER, "name": "ifOperStatus", "sample": "ifOperStatus"}],
                "metric_tags": TAGS,
            },
            {
                "table": {"OID": "1.3.6.1.2.1.25.2.3", "name": "hrStorageTable"},
                "symbols": [{"OID": STORAGE, "name": "hrStorageSize", "sample": "device_storage_total_bytes"}],
            },
            {
                "table": {"OID": "1.3.6.1.2.1.31.1.1", "name": "ifXTable"},
                "symbols": [{"OID": HC_IN, "name": "ifHCInOctets", "sample": "ifHCInOctets"}],
                "metric_tags": TAGS,
            },
        ],
    }
)
EXPECTED = {
    "device_uptime_seconds",
    "device_engine_boots",
    "ifOperStatus",
    "ifHCInOctets",
    "device_storage_total_bytes",
}
DEVICE = Device(
    name="sw-1",
    address="127.0.0.1",
    device_class=DeviceClass.SWITCH,
    snmp=SnmpAccess(community=Secret("c"), timeout=2.0, retries=0),
)
SCALARS: Mapping[str, Value] = {SYS_DESCR: b"A switch", SYS_OBJECT_ID: "1.3.6.1.4.1.32473.1", UPTIME: 4200, BOOTS: 3}
ROWS: Rows = {
    OPER: {"1": 1, "2": 2},
    IF_NAME: {"1": b"Gi0/1", "2": b"Gi0/2"},
    HC_IN: {"1": 10, "2": 20},
    STORAGE: {"1": 1000},
}


class Played:
    """A transport that gives SCALARS and ROWS, but where an error is planned for an object."""

    def __init__(self, errors: Mapping[str, CollectError] | None = None, kept: Rows | None = None) -> None:
        self.requests = 0
        self.closed = 0
        self.asked: list[tuple[str, ...]] = []
        self.expected: list[int | None] = []
        self._errors = errors or {}
        self._kept = kept or {}

    async def open(self, _: Device) -> "Played":
        return self

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        if error := self._error(oids):
            raise error
        return {oid: SCALARS.get(oid) for oid in oids}

    async def walk(self, columns: Sequence[str], *, rows: int | None = None) -> Walk:
        self.expected.append(rows)
        error = self._error(columns)
        source = ROWS if error is None else self._kept
        return Walk({column: dict(source.get(column, {})) for column in columns}, error)

    async def close(self) -> None:
        self.closed += 1

    def _error(self, objects: Sequence[str]) -> CollectError | None:
        self.requests += 1
        self.asked.append(tuple(objects))
        return next((self._errors[each] for each in objects if each in self._errors), None)
