"""Where figures are pushed to, as the inventory says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from collectors.model import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTarget:
    """A receiver of Prometheus' remote write."""

    url: str
    interval: timedelta = timedelta(seconds=15)
    timeout: timedelta = timedelta(seconds=30)
    instance: str | None = None  # label `instance` of what is pushed; None: this machine's name
    username: str | None = None
    password: Secret | None = None
    token: Secret | None = None  # Bearer
    headers: Mapping[str, Secret] = field(default_factory=dict)
    ca_file: Path | None = None  # besides the system's authorities
