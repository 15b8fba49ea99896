"""Say in our words what paramiko and netmiko raise, and read the key we log in with."""

import paramiko
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoTimeoutException, ReadTimeout
from paramiko.ssh_exception import BadAuthenticationType, IncompatiblePeer

from collectors.errors import AuthFailed, BadData, CollectError, Refused, TimedOut, Unreachable, Unsent, UntrustedHost
from collectors.model import SshAccess
from collectors.terminal import quote


def explained(error: Exception, device: str, access: SshAccess, *, late: bool = False) -> CollectError:
    """Return the CollectError for what went wrong while logging in. `late`: the connection was cut at the deadline."""
    wrapped = isinstance(error, NetmikoAuthenticationException | NetmikoTimeoutException)
    cause = error.__context__ if wrapped and error.__context__ is not None else error
    if isinstance(cause, CollectError):
        return cause
    if late:
        return TimedOut(f"{device}: no SSH login within {access.login_timeout:g} s")
    return _worded(cause, device, access)


def _worded(error: BaseException, device: str, access: SshAccess) -> CollectError:
    within = f"within {access.login_timeout:g} s"
    found: CollectError
    match error:
        case paramiko.BadHostKeyException():
            found = _changed(error, device)
        case paramiko.AuthenticationException():
            found = _not_let_in(error, device, access)
        case IncompatiblePeer():
            found = Refused(f"{device}: no SSH algorithm both sides accept: {quote(str(error))}")
        case paramiko.SSHException() if "protocol banner" in str(error):
            found = _no_greeting(error, device, access)
        case paramiko.SSHException() if "No existing session" in str(error):
            found = TimedOut(f"{device}: no SSH key exchange {within}")
        case ReadTimeout() | TimeoutError():
            found = TimedOut(f"{device}: no prompt {within}")
        case EOFError() | OSError():
            found = Unreachable(f"{device}: the device closed the connection during the login")
        case _:
            found = BadData(f"{device}: the SSH login failed: {type(error).__name__} {quote(str(error))}")
    return found


def _changed(error: paramiko.BadHostKeyException, device: str) -> UntrustedHost:
    return UntrustedHost(
        f"{device}: the host key has changed: trusted is {error.expected_key.fingerprint}, the device shows "
        f"{error.key.fingerprint}, so no credentials were sent. If the device was exchanged or its key made anew, run "
        f"`netpatrol trust {device} --replace`; else someone may sit in between"
    )


def _not_let_in(error: paramiko.AuthenticationException, device: str, access: SshAccess) -> CollectError:
    if "timeout" in str(error):
        return TimedOut(f"{device}: no answer to the SSH credentials within {access.login_timeout:g} s")
    if isinstance(error, BadAuthenticationType):
        accepted = quote(", ".join(error.allowed_types))
        return AuthFailed(f"{device}: the device accepts only {accepted}; the inventory gives {_given(access)}")
    if "transport shut down" in str(error):
        return AuthFailed(f"{device}: the device hung up on user {access.username}: {_given(access)} refused, or full")
    return AuthFailed(f"{device}: the device refused user {access.username} with {_given(access)}")


def _given(access: SshAccess) -> str:
    ways = [("key_file", access.key_file), ("password", access.password)]
    return " and ".join(name for name, given in ways if given is not None) or "neither password nor key_file"


def _no_greeting(error: paramiko.SSHException, device: str, access: SshAccess) -> CollectError:
    if isinstance(error.__context__, TimeoutError):
        return TimedOut(f"{device}: no SSH greeting within {access.connect_timeout:g} s")
    return Refused(f"{device}: the device hung up before its SSH greeting (an access list, or no free session)")


def own_key(device: str, access: SshAccess) -> paramiko.PKey | None:
    """Read the private key to log in with; the password opens it if it is encrypted. Raises Unsent."""
    if access.key_file is None:
        return None
    try:
        return _read_key(access)
    except OSError as error:
        raise Unsent(f"{device}: key_file {access.key_file} cannot be read: {error.strerror}") from error
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, ValueError, TypeError) as error:
        raise Unsent(f"{device}: key_file {access.key_file} is no private key we can open: {error}") from error


def _read_key(access: SshAccess) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(access.key_file)
    except (TypeError, paramiko.PasswordRequiredException):  # it is encrypted
        if access.password is None:
            raise
        return paramiko.PKey.from_path(access.key_file, access.password.reveal().encode())
