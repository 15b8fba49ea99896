"""Where traps are heard: by the inventory, by the command line, and what is said where it cannot be."""

import errno
import socket
from pathlib import Path

import pytest

from agent import cli, inventory
from agent.cli import options
from agent.cli.options import UsageProblem
from agent.inventory_scalars import parse_endpoint
from agent.model import Inventory
from agent.traps.settings import Traps
from collectors.errors import Unreachable
from collectors.traps.listener import bound
from tests.agent.inventories import load

DEVICES = "devices: [{name: core-1, address: 10.0.0.1, class: switch, snmp: {community: env:NP_C}}]\n"


def loaded(folder: Path, traps: str) -> Inventory:
    return load(folder, f"{traps}\n{DEVICES}", {"NP_C": "a-community"})


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("traps: {listen: 127.0.0.1:1162}", Traps(host="127.0.0.1", port=1162)),
        ("traps: {listen: '[::]:162', relays: [10.0.0.9]}", Traps(host="::", port=162, relays=("10.0.0.9",))),
        ("traps: {listen: noc.example:162}", Traps(host="noc.example", port=162)),
        ("", None),
    ],
)
def test_the_inventory_says_where_traps_are_heard(tmp_path, written, found):
    assert loaded(tmp_path, written).traps == found


def test_traps_that_nobody_can_send_are_warned_of(tmp_path):
    path, warned = tmp_path / "inventory.yaml", []
    path.write_text("traps: {listen: 127.0.0.1:1162}\ndevices: [{name: here, class: server, local: true}]\n")
    inventory.load(path, env={}, warn=warned.append)
    assert [str(each) for each in warned] == [
        f"{path}:1: traps: no device has snmp, and only those that have it are believed"
    ]


@pytest.mark.parametrize(
    "text",
    ["", "162", ":162", "host:", "host:x", "host:65536", "::1:162", "host:-1", "a..b:162", 162, None],
)
def test_what_is_no_address_and_port_is_refused(text):
    with pytest.raises(ValueError, match="is not an address and a port"):
        parse_endpoint(text)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, Traps(host="0.0.0.0", port=162, relays=("10.0.0.9",))),  # noqa: S104
        ("127.0.0.1:1162", Traps(host="127.0.0.1", port=1162, relays=("10.0.0.9",))),
        ("off", None),
    ],
)
def test_the_command_line_goes_before_the_inventory(given, found):
    known = Inventory(entries={}, traps=Traps(host="0.0.0.0", port=162, relays=("10.0.0.9",)))  # noqa: S104
    assert options.traps(given, known) == found


def test_a_wrong_option_is_told_with_its_right_form():
    right = r"--traps 162: is not an address and a port \(right form: --traps 0\.0\.0\.0:1162, or --traps off\)"
    with pytest.raises(UsageProblem, match=right):
        options.traps("162", Inventory(entries={}))


def test_a_daemon_that_cannot_listen_says_why_and_stops(tmp_path, monkeypatch, capsys):
    loaded(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NP_C", "a-community")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{taken.getsockname()[1]}"
        assert cli.run(["run", "--traps", target]) == 2
    err = capsys.readouterr().err
    assert f"traps: cannot listen on {target}: Address already in use" in err
    assert "(right form: --traps 0.0.0.0:1163, or traps: {listen:" in err


def test_a_port_that_needs_a_privilege_is_told_with_the_ways_out(monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(Unreachable) as caught:
        bound("127.0.0.1", 162)
    message = str(caught.value)
    assert message.startswith("traps: cannot listen on 127.0.0.1:162: ports below 1024 need a privilege (right form: ")
    assert all(way in message for way in ("port 1162", "redirect", "CAP_NET_BIND_SERVICE", "docs/traps.md"))
    assert "\n" not in message
    with pytest.raises(Unreachable, match="Permission denied"):
        bound("127.0.0.1", 1162)
