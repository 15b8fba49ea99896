"""What is said to a Network UPS Tools server (upsd), and what its lines and errors mean. Pure.

RFC 9271: lines of words; a text of several is in quotes, in which a backslash makes the next character plain. Nothing
that changes a UPS has a function here: SET, INSTCMD, FSD and LOGIN (which counts us among those to shut down) are not
sent.
"""

import re
from collections.abc import Iterable

from collectors.errors import AuthFailed, BadData, CollectError, Refused, Stale, Unsupported
from collectors.terminal import quote

MAX_NAMES = 20  # of other UPS, in a message
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
"""A UPS or a variable. Names are sent and shown as they are: no others are taken."""

_WORD = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^\s"\\]|\\.)+))')
_ESCAPED = re.compile(r"\\(.)")
_BREAK = re.compile(r"[\x00-\x1f\x7f]")

LOGIN = {"ACCESS-DENIED", "USERNAME-REQUIRED", "PASSWORD-REQUIRED", "INVALID-USERNAME", "INVALID-PASSWORD"}
LOST = {
    "DATA-STALE": "has no fresh data of UPS {ups!r} (DATA-STALE): its driver lost the UPS, see to cable and driver",
    "DRIVER-NOT-CONNECTED": "has no driver for UPS {ups!r} (DRIVER-NOT-CONNECTED): start it there, `upsdrvctl start`",
}
NO_TLS = {"FEATURE-NOT-CONFIGURED", "FEATURE-NOT-SUPPORTED"}


def words(line: str) -> list[str] | None:
    """Return the words of a line; None for one that is none of the protocol's."""
    found: list[str] = []
    line, at = line.strip(), 0
    while at < len(line):
        match = _WORD.match(line, at)
        if match is None:
            return None
        found.append(_ESCAPED.sub(r"\1", match[2] if match[1] is None else match[1]))
        at = match.end()
    return found


def quoted(text: str) -> str:
    """Return a text as one word. Raises Unsupported for one that would become several lines."""
    if _BREAK.search(text):
        raise Unsupported(
            "was not asked: a user name or password with a line break or control character cannot be sent"
        )
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def refused(said: list[str], ups: str | None, *, login: bool) -> CollectError:
    """Return what an `ERR` line means. `ups`: the one that was asked for; `login`: the inventory gives one."""
    code = said[1] if len(said) > 1 else ""
    if code in LOST:
        return Stale(LOST[code].format(ups=ups))
    if code == "UNKNOWN-UPS":
        return Unsupported(f"has no UPS {ups!r} (UNKNOWN-UPS)")
    if code in LOGIN:
        right = "compare upsd.users there" if login else "right form: nut: {username: …, password: env:NP_NUT}"
        return AuthFailed(f"refuses {'the login' if login else 'to answer without a login'} ({code}): {right}")
    if code in NO_TLS:
        return Refused(f"does not speak TLS ({code}): give it a certificate (upsd.conf CERTFILE), or leave tls out")
    return Refused(f"answers {quote(' '.join(said))}")


def the_only(names: Iterable[str]) -> str:
    """Return the UPS of a server that has one. Raises Unsupported for none, and for several, naming them."""
    found = list(names)
    if not found:
        raise Unsupported("has no UPS: none is configured there (ups.conf)")
    if len(found) > 1:
        raise Unsupported(f"has {len(found)} UPS: name one (right form: nut: {{ups: {found[0]}}}, of {listed(found)})")
    return found[0]


def listed(names: Iterable[str]) -> str:
    """Return names for a message."""
    found = list(names)
    more = f" … ({len(found)})" if len(found) > MAX_NAMES else ""
    return ", ".join(found[:MAX_NAMES]) + more


def begins(said: list[str] | None, what: list[str]) -> bool:
    """Say whether a line begins the list asked for. Raises BadData for any other but an error."""
    if said == ["BEGIN", "LIST", *what]:
        return True
    if said and said[0] == "ERR":
        return False
    raise BadData(f"answers {quote(' '.join(said or []))} where a list must begin: it is no upsd")


def item(said: list[str] | None, what: list[str]) -> tuple[str, str] | None:
    """Return name and text of a line of a list: of a UPS its description, of a variable its value; None for no such."""
    if said is None or said[: len(what)] != what or len(said) != len(what) + 2:
        return None
    name, text = said[-2:]
    return (name, text) if NAME.fullmatch(name) else None
