"""What is remembered of a device's backups beside its configurations: when, and which one each inspection saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from agent.configs.files import cannot, private_folder, write
from agent.store import codec
from agent.store.errors import StoreCorrupt

NEWS = timedelta(days=1)  # for so long a change is shown, however often the device is inspected in between
MAX_SEEN = 100


@dataclass(frozen=True, slots=True)
class History:
    """`seen`: (since when, content) of what inspections saw, oldest first, one entry for each change."""

    saved_at: datetime | None = None  # when a whole configuration was last fetched
    seen: tuple[tuple[datetime, str], ...] = ()

    def saved(self, now: datetime) -> "History":
        """Return the history after a backup."""
        return History(now, self.seen)

    def inspected(self, content: str, now: datetime) -> "History":
        """Return the history after an inspection saw a configuration."""
        if self.seen and self.seen[-1][1] == content:
            return self
        return History(self.saved_at, _without_old([*self.seen, (now, content)], now))

    def baseline(self, now: datetime) -> str:
        """Return the content to compare with: what the last inspection of another day saw; "" before the first."""
        settled = [content for at, content in self.seen if at <= now - NEWS]
        first = self.seen[0][1] if self.seen else ""
        return settled[-1] if settled else first


def _without_old(seen: Sequence[tuple[datetime, str]], now: datetime) -> tuple[tuple[datetime, str], ...]:
    """Leave out what no comparison goes back to, and the middle of a day with too many changes."""
    old = sum(at <= now - NEWS for at, _ in seen)
    kept = seen[max(0, old - 1) :]
    return (*kept[:1], *kept[1:][-MAX_SEEN:])


def load(folder: Path, device: str) -> History:
    """Return what is remembered of a device; nothing for one never backed up, or where it cannot be read back."""
    path = folder / f"{device}.json"
    try:
        return codec.from_json(History, path.read_bytes())
    except (FileNotFoundError, StoreCorrupt):
        return History()
    except OSError as error:
        raise cannot("read", path, error) from error


def save(folder: Path, device: str, history: History) -> None:
    """Remember. Raises ConfigStoreError."""
    write(private_folder(folder) / f"{device}.json", codec.to_json(history))
