"""Back up one device's configuration: fetch, take the secrets out, keep, compare; what follows as samples.

The raw text is seen here and in the collectors alone. What leaves is masked: text, diffs, marks.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from agent.configs import history
from agent.configs.archive import Archive, Saved
from agent.configs.drift import Drift, compare
from agent.configs.files import ConfigStoreError, private_folder
from agent.configs.history import History
from agent.configs.marks import Marks
from agent.configs.vault import Vault
from agent.model import Entry
from collectors import config_fetch, configs, ssh
from collectors.config_fetch import Fetched
from collectors.configs import Syntax
from collectors.configs.items import config_items
from collectors.configs.masking import mask
from collectors.configs.text import comparable, fault, lines_of, nothing_saved
from collectors.model import Failure, Reading, Sample, Secret
from collectors.profiles.rules import Cli
from collectors.ssh import OpenSsh
from collectors.vocabulary import narrowed

FOLDER, RAW_FOLDER, KEY_FILE = "configs", "configs-raw", "configs.key"
NO_SITE = "_no-site"  # no site is called so
MAX_DIFF = 40  # lines of a finding's diff

AGE, DRIFT, ITEM, UNSAVED = (
    "device_age_seconds",
    "device_config_drift",
    "device_config_item",
    "device_config_unsaved",
)
SAMPLES = frozenset({AGE, DRIFT, ITEM, UNSAVED})
_AGE_LABELS = {"kind": "config_backup", "entity": ""}
BACKED_UP = narrowed(AGE, _AGE_LABELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What became of one device's backup. `details` has, by sample, a masked diff for people."""

    device: str
    reading: Reading
    details: Mapping[str, str] = field(default_factory=dict)
    saved: Saved | None = None
    lines: int = 0


@dataclass(slots=True, kw_only=True)
class Keeper:
    """Keeps the configurations under a data folder. `vault`: None keeps no raw ones."""

    folder: Path
    marks: Marks
    vault: Vault | None
    now: Callable[[], datetime]
    open_ssh: OpenSsh = ssh.open_session
    writing: threading.Lock = field(default_factory=threading.Lock, repr=False)  # one device at a time

    @classmethod
    def of(cls, data: Path, key: Secret | None, now: Callable[[], datetime]) -> "Keeper":
        """Return the keeper of a data folder. Raises ConfigStoreError when its key cannot be read or made."""
        private_folder(data)
        vault = Vault(data / RAW_FOLDER, key) if key else None
        return cls(folder=data / FOLDER, marks=Marks.of(data / KEY_FILE, key), vault=vault, now=now)

    def archive(self, entry: Entry) -> Archive:
        """Return the repository a device's configurations are in."""
        return Archive(self.folder / site_name(entry))

    async def back_up(self, entry: Entry, cli: Cli, *, reason: str, inspecting: bool, saved_told: bool) -> Backup:
        """Back up one device. Never raises for the device's or the disk's sake.

        `inspecting`: changes are told against the inspection before. `saved_told`: the device says by itself whether
        its configuration is saved, so the saved one is not asked for.
        """
        fetched = await config_fetch.fetch(entry.device, cli, startup=not saved_told, open_ssh=self.open_ssh)
        work = _Work(self, entry, cli, reason, inspecting, self.now())
        return await asyncio.to_thread(work.done, fetched)


def site_name(entry: Entry) -> str:
    """Return the folder of a device's site."""
    return entry.site.name if entry.site else NO_SITE


class _Work:
    """One backup on its way: gathers samples, failures and details as far as it comes."""

    def __init__(  # noqa: PLR0917
        self, keeper: Keeper, entry: Entry, cli: Cli, reason: str, inspecting: bool, now: datetime
    ) -> None:
        assert cli.config is not None  # noqa: S101 - fetch has raised else
        self._keeper, self._entry, self._now = keeper, entry, now
        self._config, self._reason, self._inspecting = cli.config, reason, inspecting
        self._syntax: Syntax = configs.load(cli.config.syntax)
        self._states = keeper.folder / site_name(entry) / ".git" / "netpatrol"
        self._samples: list[Sample] = []
        self._failures: list[Failure] = []
        self._details: dict[str, str] = {}

    def done(self, fetched: Fetched) -> Backup:
        """Keep what was fetched, and say what it tells."""
        name, saved, lines = self._entry.name, None, 0
        before = self._remembered()
        running = self._lines(fetched, "running")
        items = {narrowed(ITEM, {"item": item}) for item in self._syntax.items}
        expected = {BACKED_UP} | items | ({DRIFT} if before.seen else set())
        if running is not None:
            lines = len(running)
            found = config_items(running, self._syntax)
            self._samples += [Sample(ITEM, {"item": item}, value) for item, value in sorted(found.items())]
            saved = self._kept(running, before, fetched.running or Secret(""))
        if fetched.startup is not None or "startup" in fetched.failures:
            expected |= {UNSAVED}
            self._compare_startup(running, fetched)
        self._age(before if saved is None else before.saved(self._now))
        told = {BACKED_UP if sample.name == AGE else sample.name for sample in self._samples}
        lost = frozenset(expected - told - (items if running is not None else set()))
        reading = Reading(
            samples=tuple(self._samples),
            failures=tuple(_costing(failure, lost) for failure in self._failures),
            expected=frozenset(expected),
            answered=running is not None,
            cost=fetched.cost,
        )
        return Backup(device=name, reading=reading, details=self._details, saved=saved, lines=lines)

    def _lines(self, fetched: Fetched, which: str) -> list[str] | None:
        """Return a configuration's lines, raw; None, with a failure, where there is no whole one."""
        text: Secret | None = getattr(fetched, which)
        if text is None:
            self._failures += [fetched.failures[which]] if which in fetched.failures else []
            return None
        lines = lines_of(text.reveal(), self._syntax)
        wrong = fault(lines, self._syntax)
        if wrong:
            command = str(getattr(self._config, which))
            message = f"{self._entry.name}: {command}: the configuration {wrong}"
            self._failures.append(Failure("ssh", "bad_data", command, message))
            return None
        return lines

    def _masked(self, lines: list[str]) -> list[str]:
        mark = self._keeper.marks.mark(self._entry.name, constant=self._syntax.reencrypts)
        return mask(lines, self._syntax, mark)

    def _remembered(self) -> History:
        try:
            return history.load(self._states, self._entry.name)
        except ConfigStoreError as error:
            self._fail(error)
            return History()

    def _kept(self, running: list[str], before: History, raw: Secret) -> Saved | None:
        """Keep the masked configuration, and the raw one where there is a key; tell what changed."""
        name, archive, masked = self._entry.name, self._keeper.archive(self._entry), self._masked(running)
        message = f"{name}: configuration\n\n{self._reason}\n"
        try:
            with self._keeper.writing:
                saved = archive.save(name, "\n".join(masked) + "\n", message, self._now)
                if self._keeper.vault is not None:
                    self._keeper.vault.save(site_name(self._entry), name, raw, self._now)
            after = before.saved(self._now)
            after = after.inspected(saved.content, self._now) if self._inspecting else after
            history.save(self._states, name, after)
            if self._inspecting and before.seen:
                self._tell_drift(archive.content(after.baseline(self._now)), masked)
        except ConfigStoreError as error:
            self._fail(error)
            return None
        return saved

    def _tell_drift(self, before: str, masked: list[str]) -> None:
        drift = compare(before.removesuffix("\n").split("\n"), masked, self._syntax)
        self._samples.append(Sample(DRIFT, {}, drift.value))
        self._detail(DRIFT, drift)

    def _compare_startup(self, running: list[str] | None, fetched: Fetched) -> None:
        if running is not None and fetched.startup is not None:
            said = lines_of(fetched.startup.reveal(), self._syntax)
            if nothing_saved(said, self._syntax):
                self._samples.append(Sample(UNSAVED, {}, 1))
                return
        startup = self._lines(fetched, "startup")
        if running is None or startup is None:
            return
        here, there = (comparable(self._masked(lines), self._syntax) for lines in (running, startup))
        drift = compare(there, here, self._syntax)
        self._samples.append(Sample(UNSAVED, {}, int(drift.value > 0)))
        self._detail(UNSAVED, drift)

    def _detail(self, sample: str, drift: Drift) -> None:
        if drift.value:
            self._details[sample] = drift.shown(MAX_DIFF)

    def _age(self, known: History) -> None:
        if known.saved_at is not None:
            seconds = max(0.0, (self._now - known.saved_at).total_seconds())
            self._samples.append(Sample(AGE, _AGE_LABELS, seconds))

    def _fail(self, error: ConfigStoreError) -> None:
        self._failures.append(Failure("store", "error", "configs", f"{self._entry.name}: {error}"))


def _costing(failure: Failure, lost: frozenset[str]) -> Failure:
    return Failure(failure.protocol, failure.kind, failure.what, failure.message, failure.samples | lost)
