"""Reading what SSH and TLS servers say before a login."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import hello
from collectors.errors import BadData
from tests.simulator.certificates import certificate
from tests.simulator.ssh_offer import kexinit

MODERN = {
    "kex": ["curve25519-sha256", "diffie-hellman-group14-sha256", "ext-info-s", "kex-strict-s-v00@openssh.com"],
    "host key": ["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519", "ecdsa-sha2-nistp256"],
    "cipher": ["chacha20-poly1305@openssh.com", "aes128-ctr", "aes256-gcm@openssh.com"],
    "mac": ["hmac-sha2-256-etm@openssh.com", "umac-128-etm@openssh.com"],
}


def test_the_offer_is_read_by_kind_of_algorithm():
    payload = kexinit("a,b", "ssh-rsa", "aes128-ctr", "aes256-ctr", "hmac-sha1", "hmac-sha2-256", "none", "none")
    assert hello.offers(payload) == {
        "kex": {"a", "b"},
        "host key": {"ssh-rsa"},
        "cipher": {"aes128-ctr", "aes256-ctr"},
        "mac": {"hmac-sha1", "hmac-sha2-256"},
    }


@pytest.mark.parametrize("payload", [b"", b"\x15abc", kexinit("a")[:30], kexinit("a")[:17] + b"\xff\xff\xff\xff"])
def test_what_is_no_offer_is_bad_data(payload):
    with pytest.raises(BadData):
        hello.offers(payload)


@given(st.binary(max_size=300))
def test_no_octets_end_in_anything_but_an_offer_or_bad_data(octets):
    for payload in (octets, bytes([hello.KEXINIT]) + octets):
        try:
            assert hello.offers(payload).keys() == {"kex", "host key", "cipher", "mac"}
        except BadData as error:
            assert "KEXINIT" in str(error)


def test_a_modern_offer_has_nothing_weak():
    assert hello.weak("2.0", MODERN) == {"weak": [], "broken": []}


@pytest.mark.parametrize(
    ("kind", "name", "level"),
    [
        ("kex", "diffie-hellman-group1-sha1", "broken"),
        ("kex", "diffie-hellman-group14-sha1", "weak"),
        ("kex", "diffie-hellman-group-exchange-sha1", "weak"),
        ("kex", "gss-group14-sha1-toWM5Slw5Ew8Mqkay+al2g==", "weak"),
        ("host key", "ssh-dss", "broken"),
        ("host key", "ssh-rsa", "weak"),
        ("cipher", "3des-cbc", "broken"),
        ("cipher", "arcfour256", "broken"),
        ("cipher", "aes256-cbc", "weak"),
        ("cipher", "rijndael-cbc@lysator.liu.se", "weak"),
        ("mac", "hmac-md5-96", "broken"),
        ("mac", "hmac-sha1-etm@openssh.com", "weak"),
        ("mac", "hmac-sha2-512", None),
    ],
)
def test_each_algorithm_is_weak_broken_or_neither(kind, name, level):
    found = hello.weak("2.0", {kind: {name}})
    assert found == {"weak": [], "broken": []} | ({level: [name]} if level else {})


@pytest.mark.parametrize(
    ("line", "version"),
    [(b"SSH-2.0-OpenSSH_9.2\r\n", "2.0"), (b"SSH-1.99-Cisco-1.25\n", "1.99"), (b"SSH-1.5-x", "1.5")],
)
def test_the_version_of_the_protocol_is_read(line, version):
    assert hello.ssh_version(line) == version
    assert hello.weak(version, {})["broken"] == ([] if version == "2.0" else [f"SSH {version}"])


def test_a_server_of_another_protocol_is_bad_data():
    with pytest.raises(BadData):
        hello.ssh_version(b"220 ftp ready\r\n")


def test_a_certificate_says_when_it_ends():
    ends = datetime(2027, 3, 1, tzinfo=UTC)
    der, _, _ = certificate("device.example.net", ends)
    assert hello.valid_until(der) == ends
    with pytest.raises(BadData):
        hello.valid_until(der[:40])


@pytest.mark.parametrize("version", [b"\x01", b"\x03", b"\x7f"])  # RFC 5280 §4.1.2.1: v1 is 0, v3 is 2
def test_a_certificate_of_a_version_nobody_can_read_is_bad_data(version):
    der, _, _ = certificate("device.example.net", datetime(2027, 3, 1, tzinfo=UTC))
    v3 = b"\xa0\x03\x02\x01\x02"
    with pytest.raises(BadData, match=r"^its certificate cannot be read: .*version"):
        hello.valid_until(der.replace(v3, v3[:-1] + version, 1))
