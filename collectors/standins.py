"""Stand-ins for what is a customer's own: the same text, MAC or address gets the same one. Pure.

They are documentation values: RFC 5737 and RFC 3849 (addresses), RFC 9542 §2.1.4 (MACs).
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_network

PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
_KEPT = tuple(map(ip_network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "128.0.0.0/32", "192.0.0.0/32")))
_DOCUMENTATION = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")))


@dataclass(slots=True)
class Standins:
    """original → stand-in, each given once."""

    texts: dict[str, str] = field(default_factory=dict)
    macs: dict[bytes, bytes] = field(default_factory=dict)
    ipv4: dict[str, str] = field(default_factory=dict)
    ipv6: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def name(self, text: str, kind: str) -> str:
        if text not in self.texts:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.texts[text] = f"{kind}-{self.counts[kind]}"
        return self.texts[text]

    def serial(self, text: str) -> str:
        """Return one of the same length, as far as a number fits."""
        if text not in self.texts:
            number = self.counts["serial"] = self.counts.get("serial", 0) + 1
            self.texts[text] = f"SN{number:0{max(2, len(text) - 2)}d}"
        return self.texts[text]

    def mac(self, mac: bytes) -> bytes:
        """Keep what is no single card's: all zeros or ones, groups."""
        if mac[0] & 1 or not any(mac) or mac in self.macs.values():
            return mac
        number = len(self.macs)
        block = b"\x00\x00\x5e\x00\x53" if number < 256 else bytes([2, 0, 0x5E, 0x53, number >> 8 & 255])
        return self.macs.setdefault(mac, block + bytes([number & 255]))

    def address(self, text: str) -> str:
        address = IPv4Address(text)
        if any(address in network for network in (*_KEPT, *_DOCUMENTATION)):
            return text
        return self.ipv4.setdefault(text, _documentation(len(self.ipv4)))

    def address6(self, address: IPv6Address) -> str:
        if not address.is_global and not address.is_link_local and not address.is_private:
            return str(address)
        if address.is_loopback or address.is_unspecified:
            return str(address)
        return self.ipv6.setdefault(str(address), str(IPv6Address(f"2001:db8::{len(self.ipv6) + 1:x}")))

    def octets(self, octets: bytes) -> bytes:
        """Return what stands for an IPv4 address (4 octets), a MAC (6) or an IPv6 address (16); all else as it is."""
        match len(octets):
            case 4:
                return IPv4Address(self.address(str(IPv4Address(octets)))).packed
            case 6:
                return self.mac(octets)
            case 16:
                return IPv6Address(self.address6(IPv6Address(octets))).packed
        return octets

    def addresses(self) -> dict[bytes, bytes]:
        """Return the stand-ins of the addresses, both as octets."""
        ipv4 = {IPv4Address(old).packed: IPv4Address(new).packed for old, new in self.ipv4.items()}
        return ipv4 | {IPv6Address(old).packed: IPv6Address(new).packed for old, new in self.ipv6.items()}


def _documentation(number: int) -> str:
    for network in _DOCUMENTATION:
        if number < network.num_addresses - 2:
            return str(network[number + 1])
        number -= network.num_addresses - 2
    return "192.0.2.255"
