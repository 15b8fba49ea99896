"""One site's configurations in a git repository, a file a device, as those who know Oxidized or RANCID expect.

Objects, the branch and the index are written directly: no hook runs, and nobody's ~/.gitconfig says how.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dulwich.config import ConfigFile, StackedConfig
from dulwich.errors import NotGitRepository
from dulwich.file import FileLocked
from dulwich.index import index_entry_from_stat
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from agent.configs.files import ConfigStoreError, cannot, private_folder, write

BRANCH = Ref(b"refs/heads/main")
AUTHOR = b"netpatrol <netpatrol@localhost>"
TRIES = 20  # another process may commit at the same time
MODE = 0o100644


@dataclass(frozen=True, slots=True)
class Version:
    """A device's configuration as of one commit."""

    id: str  # the commit, 40 hex digits
    at: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a configuration is kept: `content` names its text, `commit` is None when it was kept before."""

    content: str
    commit: str | None


class Archive:
    """The repository of one site; it is made when the first configuration is saved."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, device: str, text: str, message: str, now: datetime) -> Saved:
        """Keep a configuration, unless it is what was kept last. Raises ConfigStoreError."""
        blob = Blob.from_string(text.encode("utf-8", "surrogatepass"))
        with self._repository(create=True) as repository:
            for _ in range(TRIES):
                head, tree = _tip(repository)
                name = device.encode()
                if name in tree and tree[name][1] == blob.id:
                    return Saved(blob.id.decode(), None)
                tree[name] = (MODE, blob.id)
                commit = _commit(head, tree, message, now)
                for each in (blob, tree, commit):
                    repository.object_store.add_object(each)
                if _advance(repository, head, commit.id):
                    self._show(repository, device, blob)
                    return Saved(blob.id.decode(), commit.id.decode())
        raise ConfigStoreError(f"{self._folder}: others keep committing; {device} was not kept")

    def text(self, device: str, version: str = "HEAD") -> str:
        """Return a configuration as of a commit (its first digits do). Raises ConfigStoreError if there is none."""
        with self._repository() as repository:
            tree = repository[self._find(repository, version).tree]
            if not isinstance(tree, Tree) or device.encode() not in tree:
                raise ConfigStoreError(f"{self._folder}: no configuration of {device} in version {version}")
            blob = repository[tree[device.encode()][1]]
            return blob.as_raw_string().decode("utf-8", "surrogatepass")

    def content(self, name: str) -> str:
        """Return what `Saved.content` names. Raises ConfigStoreError if it is not there any more."""
        with self._repository() as repository:
            blob = repository[ObjectID(name.encode("ascii", "replace"))]
            return blob.as_raw_string().decode("utf-8", "surrogatepass")

    def versions(self, device: str, limit: int | None = None) -> tuple[Version, ...]:
        """Return the commits that changed a device's configuration, newest first. Raises ConfigStoreError."""
        with self._repository() as repository:
            if repository.refs.read_ref(BRANCH) is None:
                return ()
            walker = repository.get_walker(paths=[device.encode()], max_entries=limit)
            return tuple(_version(entry.commit) for entry in walker)

    def _find(self, repository: Repo, version: str) -> Commit:
        wanted = version.encode("ascii", "replace").lower()
        ids = [repository.refs[BRANCH]] if version == "HEAD" else self._beginning(repository, wanted)
        found = {each.id: each for each in map(repository.__getitem__, ids) if isinstance(each, Commit)}
        if len(found) != 1:
            raise ConfigStoreError(f"{self._folder}: there is no version {version!r} (see: netpatrol config log)")
        return next(iter(found.values()))

    def _beginning(self, repository: Repo, digits: bytes) -> list[ObjectID]:
        """Return the objects whose name begins so; none for what is no name."""
        if not 4 <= len(digits) <= 40 or not set(digits) <= set(b"0123456789abcdef"):
            return []
        return list(repository.object_store.iter_prefix(digits))

    def _show(self, repository: Repo, device: str, blob: Blob) -> None:
        """Put the file where people look for it."""
        path = self._folder / device
        write(path, blob.as_raw_string())
        with suppress(FileLocked):  # `git status` then shows a difference until the next change; nothing is lost
            index = repository.open_index()
            index[device.encode()] = index_entry_from_stat(os.lstat(path), blob.id)
            index.write()

    @contextmanager
    def _repository(self, *, create: bool = False) -> Iterator[Repo]:
        """Open the repository; whatever is wrong with it is a ConfigStoreError."""
        try:
            with closing(self._open(create=create)) as repository:
                yield repository
        except OSError as error:
            raise cannot("used", self._folder, error) from error
        except NotGitRepository as error:
            raise ConfigStoreError(f"{self._folder}: no configuration is kept here yet") from error
        except (KeyError, ValueError, AssertionError) as error:
            raise ConfigStoreError(f"{self._folder}: the git repository is damaged ({type(error).__name__})") from error
        except Exception as error:
            if type(error).__module__.startswith("dulwich"):
                raise ConfigStoreError(f"{self._folder}: the git repository is damaged: {error}") from error
            raise

    def _open(self, *, create: bool) -> Repo:
        if create and not (self._folder / ".git").exists():
            private_folder(self._folder)
            nobodys = StackedConfig([ConfigFile()])
            return Repo.init(str(self._folder), default_branch=b"main", config=nobodys)
        return Repo(str(self._folder))


def _tip(repository: Repo) -> tuple[ObjectID | None, Tree]:
    """Return the last commit and a copy of its tree; None and an empty one before the first."""
    if repository.refs.read_ref(BRANCH) is None:
        return None, Tree()
    head = repository.refs[BRANCH]
    commit = repository[head]
    tree = repository[commit.tree] if isinstance(commit, Commit) else None
    copied = tree.copy() if isinstance(tree, Tree) else None
    return head, copied if isinstance(copied, Tree) else Tree()


def _commit(parent: ObjectID | None, tree: Tree, message: str, now: datetime) -> Commit:
    commit = Commit()
    commit.tree = tree.id
    commit.parents = [parent] if parent else []
    commit.author = commit.committer = AUTHOR
    commit.author_time = commit.commit_time = int(now.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = message.encode()
    return commit


def _advance(repository: Repo, head: ObjectID | None, commit: ObjectID) -> bool:
    """Make a commit the last one, if nobody else was faster."""
    try:
        if head is None:
            return bool(repository.refs.add_if_new(BRANCH, commit))
        return bool(repository.refs.set_if_equals(BRANCH, head, commit))
    except FileLocked:
        return False


def _version(commit: Commit) -> Version:
    at = datetime.fromtimestamp(commit.commit_time, UTC)
    return Version(commit.id.decode(), at, commit.message.decode("utf-8", "replace").strip())
