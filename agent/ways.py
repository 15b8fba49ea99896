"""Resolve credentials of the inventory by name, for addresses that are not in it yet."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.inventory_access import Given, Protocol, SecretOf, merged, snmp_access, sources
from agent.inventory_draft import Draft, read_draft
from agent.inventory_file import DeviceForm
from agent.inventory_problems import Problems
from agent.secrets import Resolver, SecretError
from collectors import yamlfile
from collectors.model import Secret, SnmpAccess

SSH_PORT = 22
PROTOCOLS: tuple[Protocol, ...] = ("snmp", "ssh")  # what discovery speaks


@dataclass(frozen=True, slots=True)
class Way:
    """One credential: SNMP access, an SSH port, or both."""

    name: str
    snmp: SnmpAccess | None = None
    ssh_port: int | None = None


def load(path: Path, names: Sequence[str], env: Mapping[str, str] = os.environ) -> tuple[Way, ...]:
    """Return the credentials named, in that order; secrets of others are left alone. Raises YamlError."""
    document, found = yamlfile.scan(path)
    problems = Problems(document, found)
    draft = read_draft(document.data, problems)
    resolver = Resolver(path.parent, env)

    def secret(given: Given, shortest: int) -> Secret:
        try:
            resolved = resolver.resolve(given.value)
        except SecretError as error:
            problems.add(given.path, str(error))
            return Secret("")
        if len(resolved.reveal().encode()) < shortest:
            problems.add(given.path, f"{given.value} is shorter than {shortest} characters (RFC 3414)")
        return resolved

    ways = tuple(_way(name, draft, problems, secret) for name in dict.fromkeys(names))
    problems.finish()
    return ways


def _way(name: str, draft: Draft, problems: Problems, secret: SecretOf) -> Way:
    """Resolve one credential as a device that names only it would use it."""
    item = draft.credentials.find(name)
    if item is None or item.form is None or not item.whole:
        known = ", ".join(draft.credentials.names or ()) or "none"
        problems.add(("credentials",), f"there is no credential {name!r} to try (known: {known})")
        return Way(name)
    if item.form.snmp is None and item.form.ssh is None:
        problems.add((*item.path, "nut"), "is not tried: discovery speaks snmp and ssh")
    form = DeviceForm.model_validate({"name": "discovered", "credentials": [name]})
    of = sources(item.path, form, draft)
    keys = {protocol: merged(protocol, of) if of and getattr(item.form, protocol) else None for protocol in PROTOCOLS}
    snmp, ssh = keys["snmp"], keys["ssh"]
    port = ssh[0].get("port") if ssh else None
    return Way(
        name,
        snmp_access(snmp, secret, problems) if snmp else None,
        (port.value if port else SSH_PORT) if ssh else None,
    )
