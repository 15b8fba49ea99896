"""Log in to one device over SSH, and ask a device for its host key."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import paramiko
from netmiko.base_connection import BaseConnection
from netmiko.ssh_dispatcher import CLASS_MAPPER

from collectors.errors import BadData, ProfileError, TimedOut, Unreachable, UntrustedHost
from collectors.known_hosts import HostKey, add_host_key, host_name, trusted_keys
from collectors.model import CliSession, Device, SshAccess
from collectors.profiles.rules import Cli
from collectors.ssh_errors import explained, own_key
from collectors.ssh_transport import made_transport
from collectors.ssh_wire import Wire
from collectors.terminal import plain, quote

__all__ = ["HostKey", "OpenSsh", "add_host_key", "fetch_host_key", "open_session"]

OpenSsh = Callable[[Device, Cli], CliSession]
"""Logs in, and blocks. Raises CollectError."""

GRACE = 0.25  # seconds: who reads says what it waited for, before the connection is cut
CLOSE_SECONDS = 2.0
WAKE_SECONDS = 5.0  # a session that shows no prompt by then has ended, whatever TCP believes
REST_SECONDS = 60.0  # paramiko looks up from an idle socket ten times a second: each minute more CPU than a login

# what went wrong is in the Failure; their own words quote the wire
for _name in ("paramiko", "netmiko"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


def open_session(device: Device, cli: Cli) -> CliSession:
    """Log in to a device and prepare its terminal. Blocks for at most connect_timeout and login_timeout.

    A device whose host key is not in `device.ssh.known_hosts` is not even connected to; one that shows another key is
    sent no user name and no credentials. Raises CollectError.
    """
    if device.ssh is None:
        raise ProfileError(f"{device.name}: the inventory gives no ssh access")
    access = device.ssh
    with contextlib.ExitStack() as undo:
        login = _login(device, access, cli)
        undo.callback(login.disconnect)
        tcp = undo.enter_context(_connect(device.address, access.port, access.connect_timeout, device.name))
        undo.callback(_shut, tcp)
        with _cut_off(tcp, access.login_timeout + GRACE) as cut:
            try:
                login.log_in(tcp)
            except Exception as error:
                raise explained(error, device.name, access, late=cut.is_set()) from error
        undo.pop_all()
    return _Session(device.name, cli, login, tcp, access.command_timeout)


def fetch_host_key(address: str, port: int, timeout: float) -> HostKey:
    """Ask a device for its host key; nothing about us is sent. `timeout` is in seconds, for everything.

    Raises Unreachable, TimedOut, or BadData when it speaks no SSH we understand.
    """
    where = f"{address} port {port}"
    tcp = _connect(address, port, timeout, where)
    with contextlib.closing(tcp), _cut_off(tcp, timeout) as cut:
        transport = paramiko.Transport(tcp)
        transport.banner_timeout = timeout
        try:
            transport.start_client(timeout=timeout)
            return HostKey.of(transport.get_remote_server_key())
        except Exception as error:
            access = SshAccess(username="", port=port, connect_timeout=timeout, login_timeout=timeout)
            raise explained(error, where, access, late=cut.is_set()) from error
        finally:
            transport.close()


class _Session:
    """A CliSession of model.py."""

    def __init__(self, device: str, cli: Cli, login: "_Login", tcp: socket.socket, command_timeout: float) -> None:
        self._device = device
        self._commands = cli.lines
        self._login = login
        self._tcp = tcp
        self._seconds = command_timeout
        self._rested = False
        self.sent: Sequence[str] = login.wire.sent

    def run(self, command: str) -> str:
        if command not in self._commands:
            raise ProfileError(f"{self._device}: {quote(command)} is not a command of the profile, so it was not sent")
        self._login.wire.start(command, self._seconds)
        return self._login.wire.answer(command, self._login.prompt)

    def wake(self) -> None:
        """Make a session ready that has rested: past what was printed meanwhile, to a new prompt; `sent` begins anew.

        Raises CollectError when it has ended.
        """
        self._login.wire.wake(self._login.prompt, min(WAKE_SECONDS, self._seconds))

    def rest(self) -> None:
        """Wait for the next poll, at no cost. Raises OSError when the device has hung up: the socket is closed then."""
        self._rested = True
        self._tcp.settimeout(REST_SECONDS)

    def close(self) -> None:
        with _cut_off(self._tcp, CLOSE_SECONDS):
            if self._rested:  # its thread may be asleep
                self._login.wire.hang_up()
                _shut(self._tcp)
            self._login.disconnect()
        self._tcp.close()


class _Login(BaseConnection):
    """netmiko's class for a vendor, made to wait for the prompt, answer nothing and write only what is allowed.

    netmiko by itself answers N to a Huawei that wants a new password and Y to one that wants to save its
    configuration, and presses Enter before it has read anything.
    """

    def prepare(self, device: Device, access: SshAccess, cli: Cli, trusted: Sequence[paramiko.PKey]) -> None:
        self.wire: Wire
        self.prompt = ""
        self._commands = cli.lines
        self._allowed = [*cli.setup, *cli.lines]
        self._device = device.name
        self._access = access
        self._host_name = host_name(device.address, access.port)
        self._trusted = trusted

    def log_in(self, tcp: socket.socket) -> None:
        """Do all of it on an open connection: greeting, keys, login, prompt, pager off."""
        self._since = time.monotonic()
        self.sock = tcp
        self._open()
        if self._commands.intersection(self.wire.sent):
            self.wire.first_prompt()  # to PAN-OS netmiko has sent one: its answer is not the one we shall ask for
        if not self.prompt:
            self.find_prompt()  # some classes of netmiko prepare nothing
        if not self.prompt:
            raise BadData(f"{self._device}: login: netmiko's {self.device_type} has found no prompt")

    def _connect_params_dict(self) -> dict[str, Any]:
        parameters = super()._connect_params_dict()
        if self._access.password is not None:
            parameters["password"] = self._access.password.reveal()  # past netmiko, which keeps it in a log filter
        both = self._access.password is not None and self.pkey is not None
        parameters["transport_factory"] = partial(made_transport, both)
        return parameters

    def _get_ssh_client_instance(self) -> paramiko.SSHClient:
        return paramiko.SSHClient()  # netmiko's for PAN-OS says yes to what a banner asks, and knows no keys

    def _build_ssh_client(self) -> paramiko.SSHClient:
        client = super()._build_ssh_client()
        for key in self._trusted:
            client.get_host_keys().add(self._host_name, key.get_name(), key)
        return client

    def special_login_handler(self, delay_factor: float = 1.0) -> None:
        assert isinstance(self.remote_conn, paramiko.Channel)  # noqa: S101 - for the type
        self.channel = self.wire = Wire(self.remote_conn, self._device, self._allowed, self.RETURN)
        self.wire.start("login", self._access.login_timeout, since=self._since)
        self.wire.first_prompt()

    def _try_session_preparation(self, force_data: bool = True) -> None:
        super()._try_session_preparation(force_data=False)

    def _test_channel_read(self, count: int = 40, pattern: str = "") -> str:
        return ""  # special_login_handler has read up to the prompt

    def enable(self, *args: Any, **kwargs: Any) -> str:
        return ""  # what the login may read is what is read

    def find_prompt(self, delay_factor: float = 1.0, pattern: str | None = None) -> str:
        found = super().find_prompt(delay_factor=delay_factor, pattern=pattern)
        self.prompt = plain(found.encode("latin-1")).strip()
        return found

    def cleanup(self, command: str = "") -> None:
        pass  # no exit, no quit: closing the channel ends the session


def _login(device: Device, access: SshAccess, cli: Cli) -> _Login:
    """Bring together what a login needs, without a connection. Raises UntrustedHost, AuthFailed, ProfileError."""
    trusted = trusted_keys(access.known_hosts, device.address, access.port) if access.known_hosts else ()
    if not trusted:
        raise UntrustedHost(
            f"{device.name}: the host key of {host_name(device.address, access.port)} is not trusted, so nothing was "
            f"sent: run `netpatrol trust {device.name}`"
        )
    vendor = CLASS_MAPPER.get(cli.device_type)
    if vendor is None or "telnet" in cli.device_type or "serial" in cli.device_type:
        raise ProfileError(f"{device.name}: cli.device_type {cli.device_type!r} is not an SSH platform of netmiko")
    login: _Login = type("Login", (_Login, vendor), {})(
        device_type=cli.device_type,
        host=device.address,
        port=access.port,
        username=access.username,
        pkey=own_key(device.name, access),
        ssh_strict=True,
        allow_agent=False,
        use_keys=False,
        conn_timeout=access.login_timeout,
        banner_timeout=access.connect_timeout,
        auth_timeout=access.login_timeout,
        read_timeout_override=access.login_timeout,
        fast_cli=True,
        auto_connect=False,
        encoding="latin-1",
    )
    login.prepare(device, access, cli, trusted)
    return login


def _connect(address: str, port: int, timeout: float, who: str) -> socket.socket:
    try:
        return socket.create_connection((address, port), timeout=timeout)
    except TimeoutError as error:
        raise TimedOut(f"{who}: no TCP connection to {address} port {port} within {timeout:g} s") from error
    except socket.gaierror as error:
        raise Unreachable(f"{who}: the name {address} does not resolve: {error.strerror}") from error
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise Unreachable(f"{who}: no TCP connection to {address} port {port}: {why}") from error


@contextlib.contextmanager
def _cut_off(tcp: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """Cut the connection when the block takes longer: whatever waits in it fails at once. The event says it did."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        _shut(tcp)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _shut(tcp: socket.socket) -> None:
    with contextlib.suppress(OSError):
        tcp.shutdown(socket.SHUT_RDWR)
