"""Debian's snmpd and sshd, each with a configuration of its own, on one address."""

import os
import pwd
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.processes import await_log, free_port, path_of, read, run, running

# an address of our own in 127.0.0.0/8, which is all loopback: who else tests on this machine does not hit our ports
LOOPBACK = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}"
WORDS = {"sha256": "SHA-256", "sha512": "SHA-512", "aes128": "AES", "aes256": "AES-256"}  # the inventory's, net-snmp's
LOGIN = pwd.getpwuid(os.geteuid()).pw_name  # sshd lets in whoever runs it, without a further user on this machine


def _word() -> str:
    return secrets.token_urlsafe(12)


@dataclass(frozen=True)
class SnmpUser:
    """A user of SNMPv3, as snmpd.conf and the inventory write it."""

    name: str
    auth: str  # the inventory's word
    priv: str
    auth_key: str = field(default_factory=_word)
    priv_key: str = field(default_factory=_word)
    variable: str = "LAB_V3"  # what the names of its environment variables begin with

    @property
    def lines(self) -> tuple[str, str]:
        """What snmpd.conf says of it (snmpd.conf(5), SNMPv3 Configuration)."""
        keys = f"{WORDS[self.auth]} {self.auth_key} {WORDS[self.priv]} {self.priv_key}"
        return f"createUser {self.name} {keys}", f"rouser {self.name} authPriv"

    @property
    def options(self) -> tuple[str, ...]:
        """What net-snmp's commands are told of it (snmpcmd(1))."""
        auth = ("-a", WORDS[self.auth], "-A", self.auth_key)
        return "-v3", "-l", "authPriv", "-u", self.name, *auth, "-x", WORDS[self.priv], "-X", self.priv_key

    @property
    def access(self) -> dict[str, Any]:
        """What the inventory says of it; `secrets` resolves it."""
        return {
            "version": 3,
            "user": self.name,
            "auth": {"protocol": self.auth, "key": f"env:{self.variable}_AUTH"},
            "priv": {"protocol": self.priv, "key": f"env:{self.variable}_PRIV"},
        }

    @property
    def secrets(self) -> dict[str, str]:
        return {f"{self.variable}_AUTH": self.auth_key, f"{self.variable}_PRIV": self.priv_key}


@contextmanager
def snmpd(folder: Path, address: str, port: int, lines: Sequence[str], inside: Sequence[str] = ()) -> Iterator[None]:
    """Run net-snmp's agent; `inside` is the command that enters a network namespace."""
    folder.mkdir(exist_ok=True)
    config, log = folder / "snmpd.conf", folder / "snmpd.log"
    config.write_text("\n".join([f"agentAddress udp:{address}:{port}", *lines, ""]))
    options = ["-f", "-Lf", log, "-C", "-c", config, "-p", folder / "snmpd.pid", "-I", "-smux"]
    command = [*inside, path_of("snmpd"), *options]
    with running(command, log, {"SNMP_PERSISTENT_DIR": str(folder / "persist")}) as process:
        await_log(process, log, "NET-SNMP version")
        yield


@dataclass(frozen=True)
class Sshd:
    """A configured sshd: start it with `running`, as often as wanted, with the host key it then has."""

    folder: Path
    address: str
    port: int
    key: Path  # of the user who may log in

    @property
    def log(self) -> Path:
        return self.folder / "sshd.log"

    @property
    def access(self) -> dict[str, Any]:
        """What the inventory says of it."""
        return {"username": LOGIN, "key_file": str(self.key), "port": self.port, "known_hosts": "known_hosts"}

    @property
    def logins_tried(self) -> int:
        """How often anyone said who he is; a key exchange alone does not count."""
        return read(self.log).count("userauth-request for user")

    @property
    def connections(self) -> int:
        return read(self.log).count("Connection from ")

    def new_host_key(self) -> None:
        make_key(self.folder / "hostkey")

    @contextmanager
    def running(self, inside: Sequence[str] = ()) -> Iterator[None]:
        """Run it, with a new log; `inside` is the command that enters a network namespace."""
        self.log.unlink(missing_ok=True)
        command = [*inside, path_of("sshd"), "-D", "-f", self.folder / "sshd_config", "-E", self.log]
        with running(command, self.folder / "sshd.out") as process:
            await_log(process, self.log, f"Server listening on {self.address} port {self.port}")
            yield


def sshd(folder: Path, address: str, port: int, force: str = "") -> Sshd:
    """Configure an sshd that lets in only whoever runs it, with a key of its own and no password."""
    folder.mkdir(exist_ok=True)
    Path("/run/sshd").mkdir(exist_ok=True)  # the package's own; a boot script makes it otherwise
    key = folder / "login"
    server = Sshd(folder, address, port, key)
    make_key(key)
    server.new_host_key()
    lines = [
        f"Port {port}",
        f"ListenAddress {address}",
        f"HostKey {folder / 'hostkey'}",
        "PidFile none",
        f"AuthorizedKeysFile {key}.pub",
        "StrictModes no",
        f"AllowUsers {LOGIN}",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "UsePAM no",
        "PrintMotd no",
        "LogLevel DEBUG1",
        f"ForceCommand {force}" if force else "",
    ]
    (folder / "sshd_config").write_text("\n".join([*lines, ""]))
    return server


def make_key(path: Path) -> None:
    """Make an SSH key pair, in place of the one that was there."""
    path.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path)


def udp_port() -> int:
    """Return a free UDP port of the loopback."""
    return free_port(LOOPBACK, socket.SOCK_DGRAM)
