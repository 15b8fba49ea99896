"""paramiko's transports with ours in between: answers that come at once, and connections that end too early."""

import socket
import time
from collections.abc import Iterator

import paramiko
import pytest
from paramiko.message import Message

from collectors.ssh_transport import Asking, made_transport


@pytest.fixture
def asking() -> Iterator[Asking]:
    """One whose keys are exchanged. Nobody is at the other end."""
    here, there = socket.socketpair()
    made = made_transport(both=True, sock=here)
    assert isinstance(made, Asking)
    made.active = made.initial_kex_done = True
    made.auth_timeout = 0
    yield made
    made.active = False
    here.close()
    there.close()


def test_an_answer_that_comes_before_paramiko_waits_for_it_is_heard(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(message: Message) -> None:
        if asking.auth_handler is None:
            accepted = Message()
            accepted.add_string("ssh-userauth")
            accepted.rewind()
            asking._parse_service_accept(accepted)
        else:
            asking.auth_handler._parse_userauth_success(Message())

    monkeypatch.setattr(asking, "_send_message", send)
    assert asking.auth_password("ops", "secret") == []


def test_nobody_waits_for_a_service_on_a_connection_that_has_ended(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(range(3))
    monkeypatch.setattr(time, "sleep", lambda seconds: next(looks))  # StopIteration, if it looks for ever

    def send(message: Message) -> None:
        asking.active = False

    monkeypatch.setattr(asking, "_send_message", send)
    with pytest.raises(EOFError):
        asking.auth_password("ops", "secret")


def test_one_way_to_log_in_needs_no_service_of_its_own() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert type(made_transport(both=False, sock=here)) is paramiko.Transport
