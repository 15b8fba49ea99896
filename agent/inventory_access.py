"""Decide how each device is spoken to: what the device, its credentials, its groups and the defaults give together.

Nearest wins, key by key. What names a login (a community, a user) comes with its secrets as one piece: a nearer one
never borrows the keys of a farther one, and a nearer `version` leaves behind what is not of it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from agent.inventory_draft import Draft, Item
from agent.inventory_file import CredentialForm, DefaultsForm, DeviceForm, GroupForm, SnmpForm
from agent.inventory_problems import Problems
from collectors.model import NutAccess, Secret, SnmpAccess, SshAccess
from collectors.yamlfile import KeyPath
from collectors.yamlform import Strict

Protocol = Literal["snmp", "ssh", "nut"]

SHORTEST_KEY = 8  # RFC 3414 §11.2: passwords of fewer characters must not be used
PROTOCOLS: tuple[Protocol, ...] = ("snmp", "ssh", "nut")
_IDENTITY = {
    "snmp": ("community", "user", "auth", "priv"),
    "ssh": ("username", "password", "key_file"),
    "nut": ("username", "password"),
}
_V3 = ("user", "auth", "priv", "context")


@dataclass(frozen=True, slots=True)
class Given:
    """A value, and the key that gives it."""

    value: Any
    path: KeyPath


Keys = dict[str, Given]
SecretOf = Callable[[Given, int], Secret]
"""A reference and the least number of characters → the secret; what is wrong with it has been noted."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that speaks for one device, each whole. The groups' order is the file's: a later one is nearer."""

    defaults: DefaultsForm
    groups: tuple[tuple[KeyPath, GroupForm], ...]
    path: KeyPath
    device: DeviceForm
    credentials: Mapping[str, Item[CredentialForm]]

    def nearest(self, key: str) -> Any:
        """Return what the nearest of device, groups and defaults says of a key; None if none does."""
        for form in (self.device, *(group for _, group in reversed(self.groups)), self.defaults):
            if (value := getattr(form, key, None)) is not None:
                return value
        return None

    def together(self, key: str) -> tuple[str, ...]:
        """Return the items of a list of the device and its groups, each once."""
        forms = (*(group for _, group in self.groups), self.device)
        return tuple(dict.fromkeys(item for form in forms for item in getattr(form, key) or ()))

    @property
    def local(self) -> bool:
        return bool(self.device.local)


def group_names(device: DeviceForm) -> list[str]:
    """Return the names of a device's groups, farthest first."""
    return device.groups or ([device.group] if device.group else [])


def sources(path: KeyPath, device: DeviceForm, draft: Draft) -> Sources | None:
    """Gather what speaks for a device; None if one of them is wrong or missing (noted elsewhere)."""
    names = group_names(device)
    groups = [draft.groups.find(name) for name in names]
    forms = [(group.path, group.form) for group in groups if group and group.form and group.whole]
    wanted = {name for form in (device, *(form for _, form in forms)) for name in form.credentials or ()}
    credentials = {name: item for name in wanted if (item := draft.credentials.find(name)) and item.whole}
    whole = draft.defaults.whole and len(forms) == len(names) and len(credentials) == len(wanted)
    if draft.defaults.form is None or not whole:
        return None
    return Sources(draft.defaults.form, tuple(forms), path, device, credentials)


def merged(protocol: Protocol, of: Sources) -> tuple[Keys, KeyPath] | None:
    """Return the keys of a protocol and where the nearest of them stand; None if the device is not spoken to over it.

    It is if the device, one of its credentials or groups says so; or if the defaults have a login, for any device but
    this machine (never NUT: one server's UPS is not every device).
    """
    keys: Keys = {}
    defaults = getattr(of.defaults, protocol)
    at: KeyPath | None = None
    if defaults is not None:
        _lay(protocol, ("defaults", protocol), defaults, keys)
        everyone = bool(keys.keys() & set(_IDENTITY[protocol])) and protocol != "nut"
        at = ("defaults", protocol) if everyone and not of.local else None
    for path, form in _layers(protocol, of):
        at = path if form is not None else None
        if form is not None:
            _lay(protocol, path, form, keys)
    return (keys, at) if at is not None else None


def _layers(protocol: Protocol, of: Sources) -> Iterator[tuple[KeyPath, Strict | None]]:
    """Yield what names the protocol, farthest first; None switches it off."""
    for path, form in (*of.groups, (of.path, of.device)):
        for name in form.credentials or ():
            credential = of.credentials[name]
            if (access := getattr(credential.form, protocol)) is not None:
                yield (*credential.path, protocol), access
        if protocol in form.model_fields_set:
            yield (*path, protocol), getattr(form, protocol)


def _lay(protocol: Protocol, path: KeyPath, form: Strict, keys: Keys) -> None:
    """Put one layer's keys over those farther away."""
    stated = {key: getattr(form, key) for key in form.model_fields_set}
    for key in _left_behind(protocol, stated):
        keys.pop(key, None)
    keys.update({key: Given(value, (*path, key)) for key, value in stated.items()})


def _left_behind(protocol: Protocol, stated: Mapping[str, object]) -> Iterator[str]:
    if stated.keys() & {"community", "user", "username"}:
        yield from _IDENTITY[protocol]
    if "version" in stated:
        yield from ("community",) if stated["version"] == "3" else _V3


def contradictions(keys: Keys) -> Iterator[tuple[KeyPath, str, object]]:
    """Yield what cannot be together in SNMP access: where, why, and the right form."""
    version = keys["version"].value if "version" in keys else "2c"
    for key in ("community",) if version == "3" else _V3:
        if key in keys:
            belongs = "versions 1 and 2c" if key == "community" else "version 3"
            form = {"version": "2c" if key == "community" else "3", key: "…"}
            yield keys[key].path, f"is of {belongs}, and the version here is {version}", form
    if version == "3" and "priv" in keys and "auth" not in keys:
        yield keys["priv"].path, "needs auth beside it: there is no privacy without authentication (RFC 3414)", None


def snmp_access(found: tuple[Keys, KeyPath], secret: SecretOf, problems: Problems) -> SnmpAccess | None:
    """Build the access; None, and every reason noted, if it is not whole."""
    keys, at = found
    wrong = list(contradictions(keys))
    version = keys["version"].value if "version" in keys else "2c"
    if not wrong and version == "3" and "user" not in keys:
        wrong.append((at, "version 3 needs user", {"version": 3, "user": "ops"}))
    if not wrong and version != "3" and "community" not in keys:
        wrong.append((at, f"version {version} needs community", {"community": "env:NP_COMMUNITY"}))
    for problem in wrong:
        problems.add(*problem)
    if wrong:
        return None
    values = _values(keys, "version", "port", "user", "context", "timeout", "retries", "max_repetitions", "engine")
    if "community" in keys:
        values["community"] = secret(keys["community"], 1)
    for kind in ("auth", "priv"):
        if kind in keys:
            form, path = keys[kind].value, keys[kind].path
            values[f"{kind}_protocol"] = form.protocol
            values[f"{kind}_key"] = secret(Given(form.key, (*path, "key")), SHORTEST_KEY)
    return SnmpAccess(**values)


def ssh_access(found: tuple[Keys, KeyPath], secret: SecretOf, folder: Path, problems: Problems) -> SshAccess | None:
    """Build the access, with files relative to `folder`; None, and every reason noted, if it is not whole."""
    keys, at = found
    whole = True
    if "username" not in keys:
        problems.add(at, "ssh needs username", {"username": "ops", "password": "env:NP_SSH"})
        whole = False
    if not keys.keys() & {"password", "key_file"}:
        problems.add(at, "ssh needs password or key_file", {"password": "env:NP_SSH"})
        whole = False
    if not whole:
        return None
    values = _values(keys, "username", "port", "connect_timeout", "login_timeout", "command_timeout", "keep_open")
    values["known_hosts"] = folder / "known_hosts"
    for key in ("key_file", "known_hosts"):
        if key in keys:
            values[key] = _file(folder, keys[key], problems)
    if "password" in keys:
        values["password"] = secret(keys["password"], 1)
    return SshAccess(**values)


def nut_access(found: tuple[Keys, KeyPath], secret: SecretOf, folder: Path, problems: Problems) -> NutAccess | None:
    """Build the access, with files relative to `folder`; None, and every reason noted, if it is not whole."""
    keys, _ = found
    wrong: list[tuple[KeyPath, str, object]] = []
    if "password" in keys and "username" not in keys:
        wrong.append((keys["password"].path, "needs username beside it", {"username": "ops", "password": "env:NP_NUT"}))
    if "ca_file" in keys and ("tls" not in keys or keys["tls"].value != "verified"):
        wrong.append((keys["ca_file"].path, "is for tls: true", {"tls": True, "ca_file": "keys/upsd.pem"}))
    for problem in wrong:
        problems.add(*problem)
    if wrong:
        return None
    values = _values(keys, "ups", "port", "username", "tls", "timeout")
    if "ca_file" in keys:
        values["ca_file"] = _file(folder, keys["ca_file"], problems)
    if "password" in keys:
        values["password"] = secret(keys["password"], 1)
    return NutAccess(**values)


def _values(keys: Keys, *names: str) -> dict[str, Any]:
    """Return what is given of some keys, times in seconds."""
    found = {name: keys[name].value for name in names if name in keys}
    return {name: each.total_seconds() if isinstance(each, timedelta) else each for name, each in found.items()}


def _file(folder: Path, given: Given, problems: Problems) -> Path:
    try:
        return folder / Path(given.value).expanduser()
    except RuntimeError:
        problems.add(given.path, "has no home folder to begin at (~)", "keys/ops_ed25519")
        return folder


def written_secrets(draft: Draft) -> Iterator[tuple[Given, int]]:
    """Yield the references of each device, group and credential in use, and the least length of each secret.

    So that all that do not resolve are named at once, whatever else is wrong with the devices.
    """
    devices = list(draft.devices.forms())
    named = {name for _, device in devices for name in group_names(device)}
    groups = [(group.path, group.form) for name in named if (group := draft.groups.find(name)) and group.form]
    wanted = {name for _, form in (*groups, *devices) for name in form.credentials or ()}
    ways = [(way.path, way.form) for name in wanted if (way := draft.credentials.find(name)) and way.form]
    every: list[tuple[KeyPath, GroupForm | CredentialForm]] = [*groups, *devices, *ways]
    defaults = draft.defaults.form
    if defaults is not None and defaults.config_backup is not None and defaults.config_backup.key is not None:
        yield Given(defaults.config_backup.key, ("defaults", "config_backup", "key")), 1
    for path, form in every:
        if form.snmp is not None:
            yield from _secrets((*path, "snmp"), form.snmp)
        for protocol, login in (("ssh", form.ssh), ("nut", form.nut)):
            if login is not None and login.password is not None:
                yield Given(login.password, (*path, protocol, "password")), 1


def _secrets(path: KeyPath, form: SnmpForm) -> Iterator[tuple[Given, int]]:
    if form.community is not None:
        yield Given(form.community, (*path, "community")), 1
    for kind in ("auth", "priv"):
        if (protocol := getattr(form, kind)) is not None:
            yield Given(protocol.key, (*path, kind, "key")), SHORTEST_KEY


def check_credentials(draft: Draft, problems: Problems) -> None:
    """Note what contradicts itself in a credential, used or not."""
    for path, form in draft.credentials.whole():
        if all(getattr(form, protocol) is None for protocol in PROTOCOLS):
            problems.add(path, "gives no access", {"snmp": {"version": "2c", "community": "env:NP_COMMUNITY"}})
        if form.snmp is not None and form.snmp.version is not None:
            keys: Keys = {}
            _lay("snmp", (*path, "snmp"), form.snmp, keys)
            for problem in contradictions(keys):
                problems.add(*problem)
