"""The form of `push:` in inventory.yaml: where figures are pushed to, for a site that Prometheus cannot reach."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema

from agent.inventory_scalars import Interval, Name, Reference, Timeout, User, parse_address
from collectors.yamlform import Strict

URL = "https://prometheus.example/api/v1/write"
HEADER = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"  # RFC 9110 §5.1
_OURS = ("content-type", "content-encoding", "content-length", "host", "x-prometheus-remote-write-version")


def parse_url(text: str) -> str:
    """Check the address of a receiver. Raises ValueError."""
    try:
        url = urlsplit(text)
        port, host = url.port, url.hostname or ""
    except ValueError:
        raise ValueError("is not a URL") from None
    if url.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError("is not a URL with http:// or https://, and a host")
    if url.username is not None or url.password is not None:
        raise ValueError("has a login in it: write username and password beside it")
    if url.fragment or not re.fullmatch(r"[!-~]+", text):
        raise ValueError("is not a URL: no spaces, no #, ASCII only")
    parse_address(host)
    return text


def parse_header(name: str) -> str:
    """Check the name of a header of ours to add. Raises ValueError."""
    if not re.fullmatch(HEADER, name):
        raise ValueError("is not the name of a header: letters, digits and dashes")
    if name.lower() in _OURS:
        raise ValueError("is a header that netpatrol writes itself")
    return name


Url = Annotated[str, AfterValidator(parse_url), WithJsonSchema({"type": "string", "pattern": "^https?://[!-~]+$"})]
Header = Annotated[str, AfterValidator(parse_header), WithJsonSchema({"type": "string", "pattern": HEADER})]


class PushForm(Strict):
    """Where figures are pushed to."""

    url: Url = Field(description="远程写地址 / Receiver of Prometheus' remote write", examples=[URL])
    interval: Interval | None = Field(None, description="推送周期，缺省 15s / How often; default 15s", examples=["15s"])
    timeout: Timeout | None = Field(
        None, description="单次请求超时，缺省 30s / A request; default 30s", examples=["30s"]
    )
    instance: Name | None = Field(
        None, description="instance 标签，缺省为本机名 / Label instance; default: this machine's name", examples=["hq"]
    )
    username: User | None = Field(None, description="用户名，须有 password / Login, with password", examples=["np"])
    password: Reference | None = Field(None, description="口令 / Password", examples=["env:NP_PUSH"])
    token: Reference | None = Field(
        None, description="令牌（Bearer），代替用户名 / Bearer token, in place of a login", examples=["env:NP_TOKEN"]
    )
    headers: dict[Header, Reference] | None = Field(
        None,
        description="附加请求头，值写引用 / Headers to add, by reference",
        examples=[{"X-Scope-OrgID": "env:NP_TENANT"}],
    )
    ca_file: str | None = Field(
        None, min_length=1, description="CA 证书文件，相对本文件 / Authority's certificate; relative to this file",
        examples=["ca.pem"],
    )  # fmt: skip
