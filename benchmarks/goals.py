"""What polling ten thousand devices from one small machine asks of the figures."""

from benchmarks.figures import Goal, Place

RAW, NET_SNMP = "raw loop in C (no decoding)", "net-snmp in C, one request at a time"
ENGINE, PYSNMP_BEHIND = "netpatrol: engine", "netpatrol: engine pysnmp"
HLAPI = "pysnmp hlapi, 5 devices at once"
WHOLE, EXPORTER = "netpatrol: to exposition text", "snmp_exporter, 3 look-ups"
CPU = "ms CPU a poll"

V2C, V3 = "poll of 990 values, SNMPv2c", "poll of 990 values, SNMPv3 SHA-256 AES-128"
BURST, SCRAPE, SSH = "1,000 devices at once, 2 % dead", "300,000 series at scrape", "SSH, 6 commands, 50 at once"
FLEET = "fleet, every device polled at its interval"


def _at(table: str, row: str) -> Place:
    return (table, row, CPU)


def _polling(table: str, version: str, *, engine: float, whole: float, net_snmp: float, raw: float) -> list[Goal]:
    ours, limit = _at(table, ENGINE), _at(V2C, RAW)  # the raw loop neither signs nor encrypts: v2c is the limit of both
    return [
        Goal(f"{version}: engine, CPU of a poll", ours, engine, "ms"),
        Goal(f"{version}: poll to text against snmp_exporter", _at(table, WHOLE), whole, to=_at(table, EXPORTER)),
        Goal(f"{version}: engine against net-snmp in C", ours, net_snmp, to=_at(table, NET_SNMP)),
        Goal(f"{version}: engine against the raw loop", ours, raw, to=limit),
    ]


GOALS: tuple[Goal, ...] = (
    *_polling(V2C, "v2c", engine=1.2, whole=0.25, net_snmp=1.0, raw=12),
    *_polling(V3, "v3", engine=2.4, whole=0.35, net_snmp=1.3, raw=24),
    Goal("1,000 devices at once, 2 % dead: wall time", (BURST, "netpatrol", "s wall"), 5.0, "s"),
    Goal("1,000 devices at once: live ones called dead", (BURST, "netpatrol", "live ones down"), 0.0, "devices"),
    Goal(
        "1,000 devices at once: live ones not read whole", (BURST, "netpatrol", "live ones incomplete"), 0.0, "devices"
    ),
    Goal("300,000 series at scrape", (SCRAPE, "netpatrol", "s CPU"), 0.1, "s CPU"),
    Goal("SSH, 6 commands, 50 at once", (SSH, "netpatrol", "ms CPU a device"), 15.0, "ms CPU a device"),
)

FLEET_SIZES = (100, 1_000, 10_000)


def fleet_row(devices: int) -> str:
    """Return the name of the row of a fleet of so many devices."""
    return f"{devices:,} devices, 2 % dead, 1 % slow"


LARGEST = fleet_row(FLEET_SIZES[-1])

FLEET_GOALS: tuple[Goal, ...] = (
    Goal("10,000 devices: rounds not within their interval", (FLEET, LARGEST, "late rounds"), 0.0, "rounds"),
    Goal("10,000 devices: polls left out", (FLEET, LARGEST, "polls left out"), 0.0, "polls"),
    Goal("10,000 devices: live ones' p99 against none dead", (FLEET, LARGEST, "p99 against none dead"), 1.1),
    Goal("10,000 devices: live ones that timed out", (FLEET, LARGEST, "spurious time-outs"), 0.0, "polls"),
    Goal("10,000 devices: memory", (FLEET, LARGEST, "GB in RAM"), 1.5, "GB"),
)
