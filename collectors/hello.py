"""What SSH and TLS servers say before anyone logs in: the algorithms on offer, how long a certificate holds. Pure.

RFC 4253 §4.2 and §7.1: both sides send a version line, then KEXINIT, still in clear.
"""

import re
import struct
from collections.abc import Iterable, Mapping
from datetime import datetime

from cryptography import x509

from collectors.errors import BadData

KEXINIT = 20
MAX_PACKET = 35_000  # RFC 4253 §6.1
COOKIE = 16
NAME_LISTS = ("kex", "host key", "cipher", "cipher", "mac", "mac")
"""RFC 4253 §7.1: the first six lists; of ciphers and MACs one for each direction."""

# RFC 8758 (arcfour), RFC 9142 (key exchange), RFC 8332 (ssh-rsa); CBC: CVE-2008-5161; 64-bit blocks: CVE-2016-2183
BROKEN = {
    "kex": r".*group1-sha1.*|rsa1024-sha1",
    "host key": r"ssh-dss.*",
    "cipher": r"none|des.*|3des.*|arcfour.*|rc4.*|blowfish.*|cast128.*|idea.*",
    "mac": r"none|hmac-md5.*|.*md5.*",
}
WEAK = {
    "kex": r".*-sha1(-.*)?",
    "host key": r"ssh-rsa(-cert.*)?",
    "cipher": r".*-cbc(@.*)?",
    "mac": r"hmac-sha1.*|hmac-ripemd160.*",
}


def ssh_version(line: bytes) -> str:
    """Return the protocol version of a version line: 2.0, 1.99 (both), 1.5. Raises BadData."""
    match = re.match(rb"SSH-(\d+\.\d+)-", line)
    if match is None:
        raise BadData("its SSH port does not speak SSH")
    return match[1].decode("ascii")


def offers(payload: bytes) -> dict[str, set[str]]:
    """Return the algorithms of a KEXINIT by kind. Raises BadData."""
    if not payload or payload[0] != KEXINIT:
        raise BadData("its SSH port does not begin with KEXINIT")
    found: dict[str, set[str]] = {}
    at = 1 + COOKIE
    for kind in NAME_LISTS:
        try:
            (length,) = struct.unpack_from(">I", payload, at)
        except struct.error:
            raise BadData("its KEXINIT is cut short") from None
        names = payload[at + 4 : at + 4 + length]
        if len(names) < length:
            raise BadData("its KEXINIT is cut short")
        found.setdefault(kind, set()).update(filter(None, names.decode("ascii", "replace").split(",")))
        at += 4 + length
    return found


def weak(version: str, offered: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Sort out what should not be on offer, by level: weak, broken."""
    found: dict[str, list[str]] = {"weak": [], "broken": [] if version == "2.0" else [f"SSH {version}"]}
    for kind, names in offered.items():
        for name in sorted(names):
            if re.fullmatch(BROKEN[kind], name):
                found["broken"].append(name)
            elif re.fullmatch(WEAK[kind], name):
                found["weak"].append(name)
    return found


def valid_until(der: bytes) -> datetime:
    """Return the end of a certificate (DER), aware UTC. Raises BadData."""
    try:
        return x509.load_der_x509_certificate(der).not_valid_after_utc
    except (ValueError, x509.InvalidVersion) as error:
        raise BadData(f"its certificate cannot be read: {error}") from error
