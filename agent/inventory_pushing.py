"""Turn `push:` of inventory.yaml into the target it names, noting what cannot be."""

import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from agent.inventory_access import Given, SecretOf
from agent.inventory_draft import Item
from agent.inventory_problems import Problems
from agent.inventory_push import PushForm
from agent.push.target import PushTarget
from collectors.model import Secret
from collectors.yamlfile import KeyPath

AT: KeyPath = ("push",)
LOGINS = ("username", "password", "token", "headers")


def push_target(item: Item[PushForm], secret: SecretOf, folder: Path, problems: Problems) -> PushTarget | None:
    """Return the target, with files relative to `folder`; None if there is none, or it is not whole."""
    form = item.form
    if form is None:
        return None
    for problem in () if problems.noted(AT) else _contradictions(form):
        problems.add(*problem)
    optional: dict[str, Any] = {
        "interval": form.interval,
        "timeout": form.timeout,
        "instance": form.instance,
        "username": form.username,
        "password": _secret("password", form.password, secret),
        "token": _secret("token", form.token, secret),
        "ca_file": _authority(form.ca_file, folder, problems),
    }
    headers = {name: secret(Given(text, (*AT, "headers", name)), 1) for name, text in (form.headers or {}).items()}
    given = {key: value for key, value in optional.items() if value is not None}
    return PushTarget(url=form.url, headers=headers, **given) if item.whole else None


def unwise(item: Item[PushForm]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is not wrong, and yet should not be."""
    form = item.form
    if form is not None and any(getattr(form, key) for key in LOGINS) and _is_open(form.url):
        yield (*AT, "url"), "sends secrets over http:// without encryption (right form: https://…)"


def _contradictions(form: PushForm) -> Iterator[tuple[KeyPath, str, object]]:
    if (form.username is None) != (form.password is None):
        said, lacks = ("username", "password") if form.password is None else ("password", "username")
        yield (*AT, said), f"needs {lacks} beside it", {"username": "np", "password": "env:NP_PUSH"}
    if form.token is not None and (form.username is not None or form.password is not None):
        yield (*AT, "token"), "stands beside a login: give one of them", {"token": "env:NP_TOKEN"}


def _secret(key: str, reference: str | None, secret: SecretOf) -> Secret | None:
    return None if reference is None else secret(Given(reference, (*AT, key)), 1)


def _authority(name: str | None, folder: Path, problems: Problems) -> Path | None:
    if name is None:
        return None
    at = (*AT, "ca_file")
    try:
        path = folder / Path(name).expanduser()
        ssl.create_default_context(cafile=str(path))
    except RuntimeError:
        problems.add(at, "has no home folder to begin at (~)", "ca.pem")
    except ssl.SSLError:
        problems.add(at, "is no certificate in PEM form")
    except OSError as error:
        problems.add(at, f"cannot be read: {error.strerror}")
    else:
        return path
    return None


def _is_open(url: str) -> bool:
    parts = urlsplit(url)
    try:
        local = ip_address(parts.hostname or "").is_loopback
    except ValueError:
        local = parts.hostname == "localhost"
    return parts.scheme == "http" and not local
