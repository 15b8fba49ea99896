"""`push:` of the inventory: what it becomes, and what is unwise. Mistakes: tests/data/invalid/push_*.yaml."""

import datetime
from pathlib import Path

import pytest

from agent import inventory
from agent.inventory_push import parse_url
from agent.push.target import PushTarget
from collectors.model import Secret
from collectors.yamlfile import YamlError
from tests.agent.inventories import VALID, written

DEVICES = "devices: [{name: a, address: 10.0.0.1, class: switch, snmp: {community: env:NP_COMMUNITY}}]\n"
ENV = {"NP_COMMUNITY": "a-community", "NP_PUSH": "a-password"}


def load(folder: Path, push: str) -> tuple[PushTarget | None, list[str]]:
    path, warnings = written(folder, f"{push}\n{DEVICES}"), list[str]()
    found = inventory.load(path, env=ENV, warn=lambda problem: warnings.append(str(problem).removeprefix(f"{path}:")))
    return found.push, warnings


def test_without_it_nothing_is_pushed(tmp_path: Path):
    assert load(tmp_path, "") == (None, [])


def test_every_key_arrives_in_the_target():
    target = inventory.load(VALID / "full.yaml", resolve=False, warn=str).push
    assert target == PushTarget(
        url="https://prometheus.example:9443/api/v1/write",
        interval=datetime.timedelta(seconds=30),
        timeout=datetime.timedelta(seconds=10),
        instance="hq",
        username="np",
        password=Secret(""),
        headers={"X-Scope-OrgID": Secret("")},
    )


def test_secrets_are_resolved_and_do_not_show(tmp_path: Path):
    target, _ = load(tmp_path, "push: {url: 'https://10.0.0.9/write', token: env:NP_PUSH}")
    assert target is not None
    assert target.token == Secret("a-password")
    assert "a-password" not in repr(target)


@pytest.mark.parametrize(
    ("push", "warned"),
    [
        ("url: 'http://10.0.0.9/write', token: env:NP_PUSH", True),
        ("url: 'http://prometheus.example/write', username: np, password: env:NP_PUSH", True),
        ("url: 'http://10.0.0.9/write', headers: {X-Scope-OrgID: env:NP_PUSH}", True),
        ("url: 'http://10.0.0.9/write'", False),
        ("url: 'https://10.0.0.9/write', token: env:NP_PUSH", False),
        ("url: 'http://127.0.0.1:9090/write', token: env:NP_PUSH", False),
        ("url: 'http://localhost:9090/write', token: env:NP_PUSH", False),
    ],
)
def test_a_secret_that_would_go_unencrypted_over_a_network_is_warned_of(push: str, warned: bool, tmp_path: Path):
    _, warnings = load(tmp_path, f"push: {{{push}}}")
    said = "1: push.url: sends secrets over http:// without encryption (right form: https://…)"
    assert warnings == ([said] if warned else [])


def test_an_authoritys_file_lies_beside_the_inventory_and_is_a_certificate(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("no certificate", "utf-8")
    with pytest.raises(YamlError, match=r"push\.ca_file: is no certificate in PEM form"):
        load(tmp_path, "push: {url: 'https://10.0.0.9/write', ca_file: ca.pem}")


@pytest.mark.parametrize(
    "url",
    [
        "", "10.0.0.9", "prometheus/api", "https://", "https:///write", "http://10.0.0.9:0/", "http://10.0.0.9:99999/",
        "http://[::1/", "https://10.0.0.9/a b", "https://10.0.0.9/#x", "https://ops@10.0.0.9/", "https://10.0.0.9/\n",
        "https://例.example/", "https://10.0.0.256/",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_receiver_is_refused(url: str):
    with pytest.raises(ValueError, match=r"."):
        parse_url(url)


@pytest.mark.parametrize("url", ["http://[::1]:9090/api/v1/write", "https://vm.example/insert/0/prometheus/?x=1"])
def test_other_addresses_are_taken_as_they_stand(url: str):
    assert parse_url(url) == url
