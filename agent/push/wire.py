"""Sends one request of remote write over HTTP, and says what became of it."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version

import urllib3

from agent.metrics_labels import clean
from agent.push.remote_write import HEADERS
from agent.push.target import PushTarget

MAX_SAID = 200  # characters of a refusal


class Result(StrEnum):
    """What became of a request."""

    SENT = "sent"
    REFUSED = "refused"  # it will never be taken: sending it again is of no use
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver made of a request."""

    result: Result
    said: str = ""
    retry_after: float | None = None  # seconds


Send = Callable[[bytes], Reply]


def sender(target: PushTarget) -> Send:
    """Return what sends requests to a target. Certificates are checked; redirections are not followed."""
    pool = urllib3.PoolManager(
        num_pools=1,
        maxsize=1,
        timeout=target.timeout.total_seconds(),
        retries=False,
        ca_certs=str(target.ca_file) if target.ca_file else None,
    )
    added = {name: secret.reveal() for name, secret in target.headers.items()} | _login(target)
    headers = HEADERS | {"User-Agent": f"netpatrol/{version('netpatrol')}"}
    headers |= {name: text.encode().decode("latin-1") for name, text in added.items()}  # http.client writes latin-1

    def send(body: bytes) -> Reply:
        try:
            reply = pool.request("POST", target.url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return Reply(Result.LATER, _said(str(error)))
        except ValueError:  # http.client's, which quotes the header: a secret
            return Reply(
                Result.LATER, "a header cannot be sent: its value has a line break or another control character"
            )
        return judged(reply.status, reply.headers.get("Retry-After"), reply.data)

    return send


def judged(status: int, retry_after: str | None, body: bytes) -> Reply:
    """Say what a status means (remote write 1.0, Retries & Backoff): 5xx and 429 come again, other refusals do not."""
    said = _said(f"{status} {body[: 4 * MAX_SAID].decode(errors='replace')}")
    if 200 <= status < 300:
        return Reply(Result.SENT)
    if status == 429 or status >= 500:
        wait = float(retry_after) if retry_after and re.fullmatch("[0-9]{1,6}", retry_after) else None
        return Reply(Result.LATER, said, wait)
    return Reply(Result.REFUSED, said)


def _login(target: PushTarget) -> dict[str, str]:
    if target.token is not None:
        return {"Authorization": f"Bearer {target.token.reveal()}"}
    if target.username is not None and target.password is not None:
        login = f"{target.username}:{target.password.reveal()}"
        return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}  # RFC 7617, in UTF-8
    return {}


def _said(text: str) -> str:
    return clean(" ".join(text.split()))[:MAX_SAID]
