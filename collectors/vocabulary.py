"""The closed set of sample names a collector may produce: what each counts, in which unit, by which labels.

Names of our own are in base units (seconds, bytes, volts; ratios 0 to 1). Interface names are IF-MIB's, with the
labels of snmp_exporter, so that dashboards made for it work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Meaning:
    """One sample name: Prometheus type, help text, and its labels (`device` and the site's come on top)."""

    type: Literal["gauge", "counter", "untyped"]  # untyped: a community profile does not say
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
    "device_config_drift": Meaning(
        "gauge", "0 same configuration as in the inspection before, 1 changed, 2 changed in what guards access"
    ),
    "device_ntp_synchronized": Meaning("gauge", "1 when the clock is synchronised by NTP"),
    "device_ntp_stratum": Meaning("gauge", "NTP stratum of the clock"),
    "device_clock_offset_seconds": Meaning("gauge", "Offset of the device's clock to its time source"),
    "device_neighbour": Meaning(
        "gauge", "1 for a neighbour heard on a port", ("local_port", "remote_name", "remote_port", "protocol")
    ),
    "device_log_messages": Meaning(
        "gauge", "Entries in the log buffer: emergency alert critical error warning notice …", ("level",)
    ),
    "device_alarms": Meaning("gauge", "Alarms active on the device: critical major minor warning", ("level",)),
    "device_events_total": Meaning("counter", "Times something happened", ("kind", "entity")),
    "device_entries": Meaning("gauge", "How many there are", ("kind", "entity")),
    "device_capacity": Meaning("gauge", "How many there may be", ("kind", "entity")),
    "device_capacity_ratio": Meaning("gauge", "Share of a capacity in use", ("kind", "entity")),
    "device_expiry_seconds": Meaning("gauge", "Seconds until something ends, below 0 when it has", ("kind", "entity")),
    "device_ends_timestamp_seconds": Meaning("gauge", "When something ends, in seconds since 1970", ("kind", "entity")),
    "device_done_timestamp_seconds": Meaning(
        "gauge", "When something was last done, in seconds since 1970", ("kind", "entity")
    ),
    "device_age_seconds": Meaning("gauge", "Seconds since something was done", ("kind", "entity")),
    "device_inode_ratio": _entity("Share of a file system's inodes in use"),
    "device_disk_busy_ratio": _entity("Share of time a disk was busy"),
    "device_io_wait_ratio": Meaning("gauge", "Share of CPU time spent waiting for disks"),
    "device_disk_life_ratio": _entity("Share of an SSD's rated writes that is left"),
    "device_probe_loss_ratio": _entity("Share of a service probe's packets that were lost (IP SLA, NQA)"),
    "device_port_open": Meaning("gauge", "1 when the device accepts TCP connections at a port, else 0", ("port",)),
    "device_weak_algorithms": Meaning(
        "gauge",
        "Algorithms on offer that should not be: protocol ssh or tls, level weak or broken; state lists them",
        ("protocol", "level", "state"),
    ),
    "device_config_item": Meaning("gauge", "1 when the configuration has it, else 0", ("item",)),
    "wlan_ap_up": Meaning("gauge", "1 when an access point is joined and runs, else 0", ("ap",)),
    "wlan_clients": Meaning("gauge", "Clients of a radio of an access point", ("ap", "radio")),
    "wlan_channel_ratio": Meaning("gauge", "Share of time a radio's channel is busy", ("ap", "radio")),
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
    "ups_battery_nominal_volts": _ups("Battery voltage by its rating"),
    "ups_battery_current_amperes": _ups("Battery current"),
    "ups_battery_temperature_celsius": _ups("Battery temperature"),
    "ups_battery_age_seconds": _ups("Seconds since the battery was last replaced"),
    "ups_battery_replaced_timestamp_seconds": _ups("When the battery was last replaced, in seconds since 1970"),
    "ups_self_test_age_seconds": _ups("Seconds since the last self-test"),
    "ups_self_test_timestamp_seconds": _ups("When the last self-test was, in seconds since 1970"),
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
    "ifErrorDisabled": Meaning(
        "gauge", "1 for a port the device shut because of an error; state is why", (*_IF, "state")
    ),
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
        "serial",  # one chassis's: of a stack the first member's
        "stack_serials",  # every member's, where there are several
        "os_version",
        "sys_name",
        "sys_descr",
        "sys_object_id",
        "location",
        "contact",
        "engine_id",
        "stp_root",  # bridge identifier of the spanning tree's root, as hex
    }
)
SEVERAL: frozenset[str] = frozenset({"stack_serials"})
"""Facts that list parts, separated by ", ", and are told only where there are two or more."""

KINDS: frozenset[str] = frozenset(
    {
        *("fan", "power_supply", "battery", "disk", "raid", "memory", "temperature", "redundancy", "stack", "module"),
        "link",  # a member of an aggregation or of a bond, a path to a disk
        "tunnel",  # VPN
        "service",  # a program that should run
        *("output", "other"),
    }
)
"""What `device_state{kind}` and `ups_state{kind}` may say."""

_COUNTED = {
    "session": "sessions of a firewall",
    "route": "routes",
    "mac": "MAC addresses learned",
    "arp": "ARP and neighbour entries",
    "license": "what a licence counts: access points, users, tunnels",
    "log": "entries of a hardware event log",
    "hot_spare": "disks that stand by",
}

CHOICES: dict[str, dict[str, str]] = {
    "device_events_total": {
        "stp_change": "topology changes of the spanning tree",
        "mac_move": "MAC addresses that moved from port to port",
        "cpu_drop": "packets dropped on their way to the CPU",
        "login_failure": "logins and communities that were refused",
        "memory_error": "memory errors that were corrected",
        "oom_kill": "processes killed for want of memory",
        "table_full": "MAC addresses that were not learned for want of space",
    },
    "device_entries": _COUNTED,
    "device_capacity": _COUNTED,
    "device_capacity_ratio": _COUNTED,
    "device_expiry_seconds": {
        "license": "a licence or subscription",
        "certificate": "a certificate the device shows",
        "warranty": "its warranty, by the inventory",
    },
    "device_age_seconds": {
        "device": "since it was installed, by the inventory",
        "signatures": "since signatures of viruses and intrusions were updated",
        "config_backup": "since its configuration was backed up",
    },
    "device_ends_timestamp_seconds": {
        "license": "a licence or subscription",
        "certificate": "a certificate the device shows",
    },
    "device_done_timestamp_seconds": {"signatures": "signatures of viruses and intrusions were updated"},
    "device_port_open": {
        **dict.fromkeys(("21", "23", "80"), "of the plain-text services: connected to in an inspection"),
        **dict.fromkeys(
            map(str, (111, 135, 137, 139, 445, 512, 513, 514, 873, 2049, 2375, 3389, 5900, 6379, 9200, 11211, 27017)),
            "of services that are often abused: listening, as the host itself says",
        ),
    },
    "device_weak_algorithms": {"ssh": "of its SSH server", "tls": "of its HTTPS server"},
    "device_config_item": {
        "telnet": "Telnet is served",
        "http": "HTTP without TLS is served",
        "ftp": "FTP or TFTP is served",
        "ssh_v1": "SSH version 1 is accepted",
        "snmp_default_community": "a community that everyone knows",
        "snmp_write": "a community or user may write",
        "snmp_acl": "who may ask over SNMP is limited, for every community",
        "snmp_v1": "SNMPv1 is in use",
        "snmp_v2c": "SNMPv2c is in use",
        "snmp_no_auth": "an SNMPv3 user without authentication",
        "snmp_no_priv": "an SNMPv3 user without encryption",
        "snmp_weak_auth": "an SNMPv3 user with MD5",
        "snmp_weak_priv": "an SNMPv3 user with DES",
        "syslog": "a syslog server is named",
        "ntp": "a time server is named",
        "aaa": "logins are checked by AAA, on every line",
        "password_encryption": "no password stands there plain or reversible",
        "default_account": "an account of the maker's is active",
        "password_policy": "length and age of passwords are enforced",
        "login_lockout": "failed logins lock the account",
        "idle_timeout": "every line ends an idle session within 10 minutes",
        "management_acl": "every line and service of management limits who may connect",
        "bpdu_guard": "access ports are guarded against BPDUs",
        "dhcp_snooping": "DHCP is snooped on",
        "storm_control": "storms are limited on access ports",
        "permit_any": "a rule permits any source, any destination, any service",
        "root_login": "SSH lets root in",
        "second_root": "an account beside root has UID 0",
    },
}
"""What the first label of these samples may say, and what it means. An item of a configuration is 1 where it is so,
and 0 where it is not; whether that is good is for the checks to say.
"""


def narrowed(name: str, labels: Mapping[str, str]) -> str:
    """Return how `expected` and failures may name one thing of a sample that many share: `device_age_seconds:device`.

    Other samples are named as they are.
    """
    return f"{name}:{labels.get(VOCABULARY[name].labels[0], '')}" if name in CHOICES else name
