"""The closed set of sample names a collector may produce: what each counts, in which unit, by which labels.

Names of our own are in base units (seconds, bytes, volts; ratios 0 to 1). Interface names are IF-MIB's, with the
labels of snmp_exporter, so that dashboards made for it work.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Meaning:
    """One sample name: Prometheus type, help text, and its labels (`device` and the site's come on top)."""

    type: Literal["gauge", "counter"]
    help: str
    labels: tuple[str, ...] = ()


_IF = ("ifIndex", "ifName", "ifDescr", "ifAlias")


def _entity(help_text: str) -> Meaning:
    return Meaning("gauge", help_text, ("entity",))


def _ups(help_text: str, *labels: str) -> Meaning:
    return Meaning("gauge", help_text, labels)


def _if_gauge(help_text: str) -> Meaning:
    return Meaning("gauge", help_text, _IF)


def _if_counter(help_text: str) -> Meaning:
    return Meaning("counter", help_text, _IF)


_DEVICE = {
    "device_up": Meaning("gauge", "1 when the device answered over its management protocol, else 0"),
    "device_uptime_seconds": Meaning("gauge", "Seconds since the device started"),
    "device_engine_boots": Meaning("gauge", "Restarts of the SNMP engine (RFC 3411 snmpEngineBoots)"),
    "device_icmp_rtt_seconds": Meaning("gauge", "Mean round-trip time of the ICMP echoes that came back"),
    "device_icmp_loss_ratio": Meaning("gauge", "Share of ICMP echoes that did not come back"),
    "device_snmp_rtt_seconds": Meaning("gauge", "Time the first SNMP request took"),
    "device_cpu_ratio": _entity("Share of CPU time in use"),
    "device_load_ratio": _entity("Load average divided by the number of processors"),
    "device_memory_total_bytes": _entity("Size of a memory pool"),
    "device_memory_used_bytes": _entity("Memory in use, without buffers and cache"),
    "device_memory_ratio": _entity("Share of a memory pool in use"),
    "device_storage_total_bytes": _entity("Size of a file system or flash"),
    "device_storage_used_bytes": _entity("Bytes in use on a file system or flash"),
    "device_storage_ratio": _entity("Share of a file system or flash in use"),
    "device_temperature_celsius": _entity("Temperature of a sensor"),
    "device_fan_speed_rpm": _entity("Fan speed"),
    "device_fan_ratio": _entity("Fan speed as a share of its maximum"),
    "device_voltage_volts": _entity("Voltage of a sensor"),
    "device_current_amperes": _entity("Current of a sensor"),
    "device_power_watts": _entity("Power of a sensor"),
    "device_energy_joules_total": Meaning("counter", "Energy delivered", ("entity",)),
    "device_frequency_hertz": _entity("Frequency of a sensor"),
    "device_humidity_ratio": _entity("Relative humidity"),
    "device_power_factor_ratio": _entity("Power factor"),
    "device_optical_power_dbm": _entity("Optical power"),
    "device_state": Meaning("gauge", "1 for the state a part is in", ("entity", "kind", "state", "health")),
    "device_limit": Meaning(
        "gauge", "A threshold the device itself reports", ("sample", "entity", "level", "direction")
    ),
    "device_config_unsaved": Meaning("gauge", "1 when the running configuration differs from the saved one"),
    "device_ntp_synchronized": Meaning("gauge", "1 when the clock is synchronised by NTP"),
    "device_ntp_stratum": Meaning("gauge", "NTP stratum of the clock"),
    "device_clock_offset_seconds": Meaning("gauge", "Offset of the device's clock to its time source"),
    "device_log_messages": Meaning("gauge", "Entries in the log buffer by severity", ("level",)),
}

_UPS = {
    "ups_battery_charge_ratio": _ups("Battery charge"),
    "ups_battery_runtime_seconds": _ups("Seconds the battery carries the present load"),
    "ups_on_battery_seconds": _ups("Seconds on battery; 0 on mains"),
    "ups_load_ratio": _ups("Load as a share of the rating", "line"),
    "ups_input_voltage_volts": _ups("Input voltage", "line"),
    "ups_input_frequency_hertz": _ups("Input frequency", "line"),
    "ups_input_current_amperes": _ups("Input current", "line"),
    "ups_output_voltage_volts": _ups("Output voltage", "line"),
    "ups_output_frequency_hertz": _ups("Output frequency", "line"),
    "ups_output_current_amperes": _ups("Output current", "line"),
    "ups_output_power_watts": _ups("Output power", "line"),
    "ups_bypass_voltage_volts": _ups("Bypass voltage", "line"),
    "ups_bypass_frequency_hertz": _ups("Bypass frequency", "line"),
    "ups_battery_voltage_volts": _ups("Battery voltage"),
    "ups_battery_current_amperes": _ups("Battery current"),
    "ups_battery_temperature_celsius": _ups("Battery temperature"),
    "ups_battery_age_seconds": _ups("Seconds since the battery was last replaced"),
    "ups_self_test_age_seconds": _ups("Seconds since the last self-test"),
    "ups_alarms": _ups("Alarms present"),
    "ups_input_failures_total": Meaning("counter", "Times the input went out of tolerance", ()),
    "ups_state": Meaning("gauge", "1 for the state a part is in", ("kind", "state", "health")),
}

_INTERFACES = {
    "ifAdminStatus": _if_gauge("Desired state: 1 up, 2 down, 3 testing (RFC 2863)"),
    "ifOperStatus": _if_gauge(
        "State: 1 up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 notPresent, 7 lowerLayerDown (RFC 2863)"
    ),
    "ifHighSpeed": _if_gauge("Bandwidth in units of 1,000,000 bit/s (RFC 2863)"),
    "ifSpeed": _if_gauge("Bandwidth in bit/s, at most 4294967295 (RFC 2863)"),
    "ifMtu": _if_gauge("Largest packet in octets (RFC 2863)"),
    "ifLastChange": _if_gauge("sysUpTime in hundredths of a second when the state was entered (RFC 2863)"),
    "ifConnectorPresent": _if_gauge("1 when the interface has a physical connector, 2 when not (RFC 2863)"),
    "ifDuplexStatus": _if_gauge("dot3StatsDuplexStatus: 1 unknown, 2 halfDuplex, 3 fullDuplex (RFC 3635)"),
    "ifInOctets": _if_counter("Octets received, 32 bits (RFC 2863)"),
    "ifOutOctets": _if_counter("Octets sent, 32 bits (RFC 2863)"),
    "ifHCInOctets": _if_counter("Octets received (RFC 2863)"),
    "ifHCOutOctets": _if_counter("Octets sent (RFC 2863)"),
    "ifHCInUcastPkts": _if_counter("Unicast packets received (RFC 2863)"),
    "ifHCOutUcastPkts": _if_counter("Unicast packets sent (RFC 2863)"),
    "ifHCInMulticastPkts": _if_counter("Multicast packets received (RFC 2863)"),
    "ifHCOutMulticastPkts": _if_counter("Multicast packets sent (RFC 2863)"),
    "ifHCInBroadcastPkts": _if_counter("Broadcast packets received (RFC 2863)"),
    "ifHCOutBroadcastPkts": _if_counter("Broadcast packets sent (RFC 2863)"),
    "ifInUcastPkts": _if_counter("Unicast packets received, 32 bits (RFC 2863)"),
    "ifOutUcastPkts": _if_counter("Unicast packets sent, 32 bits (RFC 2863)"),
    "ifInErrors": _if_counter("Packets received with errors (RFC 2863)"),
    "ifOutErrors": _if_counter("Packets not sent because of errors (RFC 2863)"),
    "ifInDiscards": _if_counter("Packets received and dropped (RFC 2863)"),
    "ifOutDiscards": _if_counter("Packets dropped before sending (RFC 2863)"),
}

_ROUTING = {
    "bgpPeerState": Meaning(
        "gauge",
        "1 idle, 2 connect, 3 active, 4 opensent, 5 openconfirm, 6 established (RFC 4273)",
        ("bgpPeerRemoteAddr", "bgpPeerRemoteAs"),
    ),
    "bgpPeerAdminStatus": Meaning("gauge", "1 stop, 2 start (RFC 4273)", ("bgpPeerRemoteAddr", "bgpPeerRemoteAs")),
    "bgpPeerFsmEstablishedTime": Meaning(
        "gauge", "Seconds in or since the Established state (RFC 4273)", ("bgpPeerRemoteAddr", "bgpPeerRemoteAs")
    ),
    "ospfNbrState": Meaning(
        "gauge",
        "1 down, 2 attempt, 3 init, 4 twoWay, 5 exchangeStart, 6 exchange, 7 loading, 8 full (RFC 4750)",
        ("ospfNbrIpAddr", "ospfNbrRtrId"),
    ),
    "ospfNbrEvents": Meaning(
        "counter", "State changes and errors of the neighbour (RFC 4750)", ("ospfNbrIpAddr", "ospfNbrRtrId")
    ),
}

VOCABULARY: dict[str, Meaning] = _DEVICE | _UPS | _INTERFACES | _ROUTING

FACTS: frozenset[str] = frozenset(
    {
        "vendor",
        "model",
        "serial",  # several chassis of a stack: separated by ", "
        "os_version",
        "sys_name",
        "sys_descr",
        "sys_object_id",
        "location",
        "contact",
        "engine_id",
    }
)
KINDS: frozenset[str] = frozenset(
    "fan power_supply battery disk raid memory temperature link redundancy stack module output other".split()  # noqa: SIM905
)
"""What `device_state{kind}` and `ups_state{kind}` may say."""
