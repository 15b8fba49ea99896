"""Inventories written into files and loaded, for the tests of loading them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent import inventory
from agent.model import Entry, Inventory

VALID = Path(__file__).parents[1] / "data" / "valid"
ENV = {
    "NP_COMMUNITY": "a-community",
    "NP_AUTH": "an-auth-key",
    "NP_PRIV": "a-priv-key",
    "NP_SSH": "a-password",
    "NP_CONFIG_KEY": "a-config-key",
    "NP_SHORT": "1234567",
}


def written(folder: Path, text: str) -> Path:
    path = folder / "inventory.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str, env: Mapping[str, str] = ENV, **more: Any) -> Inventory:
    return inventory.load(written(folder, text), env=env, **more)


def entry(folder: Path, device: str, head: str = "", **more: Any) -> Entry:
    """Load one device, written as a flow mapping without name, address and class."""
    text = f"{head}\ndevices:\n  - {{name: core-1, address: 10.0.0.1, class: switch, {device}}}\n"
    return load(folder, text, warn=lambda problem: None, **more).entries["core-1"]
