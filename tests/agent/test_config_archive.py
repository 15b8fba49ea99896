"""Configurations in git: what the git of everybody else sees, versions, and a repository that is not well."""

import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.configs.archive import BRANCH, Archive
from agent.configs.files import ConfigStoreError

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "acme-hq")


def test_a_configuration_is_a_file_and_a_commit(archive, tmp_path):
    saved = archive.save("core-1", "a\nb\n", "core-1: configuration\n\nRun: 1\n", NOW)
    path = tmp_path / "acme-hq" / "core-1"
    assert path.read_text() == "a\nb\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (
        archive.content(saved.content) == archive.text("core-1") == archive.text("core-1", saved.commit[:7]) == "a\nb\n"
    )
    (version,) = archive.versions("core-1")
    assert (version.id, version.at, version.message) == (saved.commit, NOW, "core-1: configuration\n\nRun: 1")


def test_what_is_kept_already_makes_no_commit(archive):
    first = archive.save("core-1", "a\n", "1", NOW)
    archive.save("core-2", "a\n", "1", NOW)
    again = archive.save("core-1", "a\n", "2", NOW)
    assert (again.content, again.commit) == (first.content, None)


def test_versions_are_those_of_one_device_newest_first(archive):
    for n in range(3):
        archive.save("core-1", f"{n}\n", f"n {n}", NOW + timedelta(minutes=n))
        archive.save("core-2", f"{n}\n", f"m {n}", NOW + timedelta(minutes=n))
    assert [version.message for version in archive.versions("core-1")] == ["n 2", "n 1", "n 0"]
    assert [version.message for version in archive.versions("core-1", limit=1)] == ["n 2"]
    assert archive.text("core-1", archive.versions("core-1")[2].id) == "0\n"
    assert archive.versions("nobody") == ()


@pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine")
def test_git_itself_finds_nothing_wrong(archive, tmp_path):
    for n in range(3):
        archive.save("core-1", f"{n}\n", f"core-1: {n}", NOW)
        archive.save("core-2", f"{n}\n", f"core-2: {n}", NOW)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path / "acme-hq"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert git("status", "--short") == ""
    assert (
        git("log", "--format=%an %s", "--", "core-1")
        == "netpatrol core-1: 2\nnetpatrol core-1: 1\nnetpatrol core-1: 0\n"
    )
    assert git("fsck", "--strict") == ""
    git("gc", "--quiet")
    assert archive.text("core-1") == "2\n"


def test_the_users_own_git_settings_and_hooks_have_no_say(archive, tmp_path, monkeypatch):
    (tmp_path / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n[core]\n\tautocrlf = true\n[user]\n\tname = me\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    archive.save("core-1", "a\n", "1", NOW)
    hook = tmp_path / "acme-hq" / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    archive.save("core-1", "b\nc\n", "2", NOW)
    assert archive.text("core-1") == "b\nc\n"


@pytest.mark.parametrize("version", ["ffffffff", "x", "", "../../x", "master", "0" * 41])
def test_a_version_that_is_none_is_named(archive, version):
    archive.save("core-1", "a\n", "1", NOW)
    with pytest.raises(ConfigStoreError, match="there is no version"):
        archive.text("core-1", version)


def test_before_the_first_backup_there_is_nothing(archive):
    with pytest.raises(ConfigStoreError, match="no configuration is kept here yet"):
        archive.text("core-1")


def test_a_device_that_was_never_kept_is_named(archive):
    archive.save("core-1", "a\n", "1", NOW)
    with pytest.raises(ConfigStoreError, match="no configuration of core-9"):
        archive.text("core-9")


def test_an_index_that_someone_holds_costs_nothing_but_a_clean_status(archive, tmp_path):
    archive.save("core-1", "a\n", "1", NOW)
    (tmp_path / "acme-hq" / ".git" / "index.lock").write_bytes(b"")
    assert archive.save("core-1", "b\n", "2", NOW).commit
    assert archive.text("core-1") == "b\n"


def test_a_branch_that_someone_holds_is_waited_for_and_then_said(archive, tmp_path):
    archive.save("core-1", "a\n", "1", NOW)
    (tmp_path / "acme-hq" / ".git" / (BRANCH.decode() + ".lock")).write_bytes(b"")
    with pytest.raises(ConfigStoreError, match="others keep committing"):
        archive.save("core-1", "b\n", "2", NOW)


@pytest.mark.parametrize("damage", ["head", "objects", "file"])
def test_a_damaged_repository_is_said_to_be(archive, tmp_path, damage):
    archive.save("core-1", "a\n", "1", NOW)
    git = tmp_path / "acme-hq" / ".git"
    if damage == "head":
        (git / "refs" / "heads" / "main").write_bytes(b"garbage\n")
    elif damage == "objects":
        shutil.rmtree(git / "objects")
        (git / "objects").mkdir()
    else:
        shutil.rmtree(git)
        git.write_text("garbage")
    with pytest.raises(ConfigStoreError, match="acme-hq"):
        archive.text("core-1")


def test_a_full_disk_is_an_error_of_the_store(archive, monkeypatch):
    archive.save("core-1", "a\n", "1", NOW)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dulwich.object_store.DiskObjectStore.add_object", full)
    with pytest.raises(ConfigStoreError, match="No space left on device"):
        archive.save("core-1", "b\n", "2", NOW)
