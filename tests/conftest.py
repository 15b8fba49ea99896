"""What is shipped is read once a test run: it is the same to every test, and each reading takes most of a second."""

from collections.abc import Callable, Sequence
from copy import copy
from functools import cache, wraps
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest

from agent import checks
from collectors import profiles

T = TypeVar("T")

hypothesis.settings.register_profile("netpatrol", deadline=None)  # a busy machine is no fault of ours
hypothesis.settings.load_profile("netpatrol")


def pytest_configure(config: pytest.Config) -> None:
    """Let `profiles.load()` and `checks.load()` remember what they return; of other folders they read all the same."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setattr(profiles, "load", once(profiles.load, profiles.BUILTIN))
    patch.setattr(checks, "load", once(checks.load, checks.BUILTIN))


def once(load: Callable[[Sequence[Path]], T], builtin: Path) -> Callable[[Sequence[Path]], T]:
    """Return a loader that reads the built-in folder once, and gives every caller a copy of the collection."""

    @cache
    def shipped() -> T:
        return load((builtin,))

    @wraps(load)
    def loading(dirs: Sequence[Path] = (builtin,)) -> T:
        return copy(shipped()) if tuple(dirs) == (builtin,) else load(dirs)

    return loading
