"""The algorithms an SSH server offers, as octets."""

import struct

from collectors import hello


def kexinit(*lists: str) -> bytes:
    """The payload of a KEXINIT (RFC 4253 §7.1), of ten name-lists."""
    names = b"".join(struct.pack(">I", len(each)) + each.encode() for each in (*lists, *[""] * (10 - len(lists))))
    return bytes([hello.KEXINIT]) + bytes(hello.COOKIE) + names + b"\0" * 5
