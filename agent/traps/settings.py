"""Where traps and informs are heard, as the inventory says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Traps:
    """Where traps and informs are heard."""

    host: str
    port: int = 162
    relays: tuple[str, ...] = ()  # addresses that forward the traps of other devices
