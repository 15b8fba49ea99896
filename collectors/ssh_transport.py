"""paramiko's transports, where they would wait for what has come already, or can come no more."""

import socket
import threading
from typing import Any

import paramiko
from paramiko.auth_handler import AuthOnlyHandler


def made_transport(both: bool, sock: socket.socket, **options: Any) -> paramiko.Transport:
    """Make netmiko's transport, AES-GCM preferred: paramiko compares the MAC of other ciphers octet by octet.

    `both`: there are two ways to log in to be tried, and some devices let the service be asked for only once.
    """
    made = (Asking if both else paramiko.Transport)(sock, **options)
    known = made.get_security_options()
    known.ciphers = sorted(known.ciphers, key=lambda name: "gcm" not in name)
    return made


class Asking(paramiko.ServiceRequestingTransport):  # type: ignore[misc]
    """Asks for the service once. Waits for it as long as there is a connection; paramiko's waits for ever."""

    _accepted = False

    @property
    def _service_userauth_accepted(self) -> bool:
        if not self.active:
            raise EOFError
        return self._accepted

    @_service_userauth_accepted.setter
    def _service_userauth_accepted(self, accepted: bool) -> None:
        self._accepted = accepted

    def get_auth_handler(self) -> AuthOnlyHandler:
        return _AuthHandler(self)


class _AuthHandler(AuthOnlyHandler):  # type: ignore[misc]
    """Has what an answer sets before it asks. paramiko makes it after: an answer quicker than that is not heard of."""

    _answered: threading.Event | None = None

    def send_auth_request(self, *request: Any, **more: Any) -> Any:
        self._answered = threading.Event()
        return super().send_auth_request(*request, **more)

    @property
    def auth_event(self) -> threading.Event | None:
        return self._answered

    @auth_event.setter
    def auth_event(self, later: threading.Event | None) -> None:
        pass
