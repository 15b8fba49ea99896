"""collectors/known_hosts.py."""

from pathlib import Path

import paramiko
import pytest

from collectors.errors import CollectError, UntrustedHost
from collectors.known_hosts import HostKey, add_host_key, host_name, trusted_keys

ONE = paramiko.ECDSAKey.generate()
OTHER = paramiko.ECDSAKey.generate()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "known_hosts"


def fingerprints(file: Path, address: str, port: int = 22) -> list[str]:
    return [key.fingerprint for key in trusted_keys(file, address, port)]


def line(names: str, key: paramiko.PKey = ONE) -> str:
    return f"{names} {key.get_name()} {key.get_base64()}\n"


@pytest.mark.parametrize(("port", "name"), [(22, "10.0.0.1"), (2222, "[10.0.0.1]:2222")])
def test_a_key_that_was_added_is_trusted_for_that_address_and_port_only(file: Path, port: int, name: str) -> None:
    assert add_host_key(file, "10.0.0.1", port, HostKey.of(ONE))
    assert host_name("10.0.0.1", port) == name
    assert file.read_text() == line(name)
    assert fingerprints(file, "10.0.0.1", port) == [ONE.fingerprint]
    assert fingerprints(file, "10.0.0.1", 4022) == fingerprints(file, "10.0.0.2", port) == []


def test_a_fingerprint_reads_as_devices_show_it() -> None:
    assert HostKey.of(ONE).fingerprint.startswith("SHA256:")


def test_the_file_is_its_owners_alone(file: Path) -> None:
    add_host_key(file, "10.0.0.1", 22, HostKey.of(ONE))
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_key_already_there_changes_nothing(file: Path) -> None:
    add_host_key(file, "10.0.0.1", 22, HostKey.of(ONE))
    before = file.stat()
    assert not add_host_key(file, "10.0.0.1", 22, HostKey.of(ONE))
    assert file.stat() == before


def test_a_changed_key_is_refused_and_both_are_named(file: Path) -> None:
    add_host_key(file, "10.0.0.1", 22, HostKey.of(ONE))
    with pytest.raises(UntrustedHost) as refused:
        add_host_key(file, "10.0.0.1", 22, HostKey.of(OTHER))
    assert ONE.fingerprint in str(refused.value)
    assert OTHER.fingerprint in str(refused.value)
    assert fingerprints(file, "10.0.0.1") == [ONE.fingerprint]


def test_replacing_a_key_keeps_every_other_line_as_it_is(file: Path) -> None:
    file.parent.mkdir()
    others = f"# from the site's hand-over\n{line('10.0.0.9')}@revoked 10.0.0.1 ssh-rsa AAAA\nnot a key at all\n"
    file.write_text(others + line("10.0.0.1,core-1"))
    assert add_host_key(file, "10.0.0.1", 22, HostKey.of(OTHER), replace=True)
    assert file.read_text() == others + line("core-1") + line("10.0.0.1", OTHER)


def test_a_hashed_name_is_recognised_and_replaced(file: Path) -> None:
    file.parent.mkdir()
    hashed = paramiko.HostKeys.hash_host("10.0.0.1")
    file.write_text(line(hashed))
    assert fingerprints(file, "10.0.0.1") == [ONE.fingerprint]
    add_host_key(file, "10.0.0.1", 22, HostKey.of(OTHER), replace=True)
    assert file.read_text() == line("10.0.0.1", OTHER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.1\n",
        "10.0.0.1 ssh-rsa\n",
        "10.0.0.1 ssh-rsa !!!!\n",
        "10.0.0.1 ssh-ed25519 AAAA\n",
        "10.0.0.1 no-such-type QUJD\n",
        "|1|x|y ssh-rsa AAAA\n",
        "\udcff\udcfe\n",
    ],
)
def test_lines_that_are_no_keys_are_passed_over(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text + line("10.0.0.1"), errors="surrogateescape")
    assert fingerprints(file, "10.0.0.1") == [ONE.fingerprint]


def test_a_revoked_key_is_not_trusted_even_if_it_was(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("@revoked " + line("10.0.0.1") + line("10.0.0.1") + line("10.0.0.1", OTHER))
    assert fingerprints(file, "10.0.0.1") == [OTHER.fingerprint]


@pytest.mark.parametrize(
    "revoking",
    ["@revoked * ", "@revoked\t10.0.0.1 ", "  @revoked \t *\t", "@revoked 10.0.0.9 ", "@revoked !10.0.0.1,* "],
)
def test_a_revoked_key_is_trusted_for_no_device_whatever_host_its_line_names(file: Path, revoking: str) -> None:
    file.parent.mkdir()
    file.write_text(line("10.0.0.1") + revoking + line("").lstrip() + "\n@revoked\n" + line("10.0.0.1", OTHER))
    assert fingerprints(file, "10.0.0.1") == [OTHER.fingerprint]


@pytest.mark.parametrize("other", ["# @revoked * ", "@revoked-not * ", "@cert-authority * "])
def test_another_line_revokes_nothing(file: Path, other: str) -> None:
    file.parent.mkdir()
    file.write_text(line("10.0.0.1") + other + line("").lstrip())
    assert fingerprints(file, "10.0.0.1") == [ONE.fingerprint]


def test_a_revoked_key_is_refused_rather_than_added_in_vain(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(before := "@revoked * " + line("").lstrip())
    with pytest.raises(UntrustedHost, match=r"^\[10.0.0.1\]:2222: the host key SHA256:\S+ is revoked in .*hosts:"):
        add_host_key(file, "10.0.0.1", 2222, HostKey.of(ONE), replace=True)
    assert file.read_text() == before


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=f"{tmp_path}: the known_hosts file cannot be read: Is a directory"):
        trusted_keys(tmp_path, "10.0.0.1", 22)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(CollectError, match="known_hosts file cannot be"):
        add_host_key(in_the_way / "known_hosts", "10.0.0.1", 22, HostKey.of(ONE))
