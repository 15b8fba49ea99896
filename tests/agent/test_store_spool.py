"""What could not be stored waits in files, and is taken in once."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from agent.model import FindingState
from agent.store import Spooled, StoreError, spool
from tests.agent.faults import CRITICAL, NOW, OK, WARNING, judged, minutes
from tests.agent.stored import deciding, record, run, snapshot


def spooled(spool_id: str = "r1", severity=CRITICAL, at: float = 0, with_run: bool = True) -> Spooled:
    return Spooled(
        id=spool_id,
        now=minutes(at),
        snapshots=(snapshot(at=minutes(at)),),
        judged=(judged(severity),),
        run=run(spool_id, at) if with_run else None,
    )


def decide_of(found: Spooled):
    return deciding(*found.judged, at=(found.now - NOW).total_seconds() / 60)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "spool"


class TestTakingIn:
    @pytest.mark.parametrize("with_run", [True, False])
    def test_stores_all_that_record_would_have_and_removes_the_file(self, store, folder, with_run):
        path = spool.save(folder, spooled(with_run=with_run))
        taken = store.take_in(folder, decide_of)
        assert taken.problems == ()
        (outcome,) = taken.outcomes
        assert store.findings() == outcome.findings
        assert [c.action for c in outcome.changes] == ["open"]
        assert store.tracks() == {j.result.key: j.track for j in spooled().judged}
        assert store.latest() == {"core-1": snapshot()}
        assert not path.exists()
        if with_run:
            assert store.run("r1") == replace(run(), findings=outcome.findings, changes=outcome.changes)

    def test_what_was_read_since_stays(self, store, folder):
        later = snapshot(at=minutes(24 * 60), value=2)
        store.record([later], {}, deciding(), now=later.taken_at)
        spool.save(folder, spooled(with_run=False))
        store.take_in(folder, decide_of)
        assert store.latest() == {"core-1": later}

    def test_a_file_that_comes_back_stores_it_no_second_time(self, store, folder):
        for _ in range(2):
            spool.save(folder, spooled(with_run=False))
            store.take_in(folder, decide_of)
        (found,) = store.findings()
        assert (found.times_seen, found.state) == (1, FindingState.NEW)
        assert spool.waiting(folder) == ()

    def test_a_run_that_was_stored_after_all_is_not_stored_again(self, store, folder):
        record(store, judged(WARNING), run_of=lambda outcome: run("r1"))
        spool.save(folder, spooled("r1"))
        assert store.take_in(folder, decide_of).outcomes == ()
        assert store.tickets()[0].severity is WARNING
        assert spool.waiting(folder) == ()

    def test_is_oldest_first_whatever_the_names(self, store, folder):
        spool.save(folder, spooled("a", OK, at=2))
        spool.save(folder, spooled("b", CRITICAL, at=1))
        taken = store.take_in(folder, decide_of)
        assert [o.run.id for o in taken.outcomes if o.run] == ["b", "a"]
        assert [c.action for c in store.history("T-20261122-0001")] == ["open", "resolve"]

    def test_of_what_is_older_than_the_store_undoes_nothing_and_loses_no_finding(self, store, folder):
        record(store, judged(OK), judged(WARNING, key=("core-1", "fan", "1")), at=9)
        old = spooled("r1", CRITICAL, at=1)
        spool.save(folder, replace(old, judged=(*old.judged, judged(OK, key=("core-1", "fan", "1")))))
        store.take_in(folder, decide_of)
        assert {f.result.check: f.result.severity for f in store.findings()} == {
            "temperature": CRITICAL,
            "fan": WARNING,
        }
        assert store.latest() == {"core-1": snapshot(at=minutes(9))}
        assert store.tracks()["core-1", "fan", "1"].severity is WARNING

    def test_by_two_at_once_is_done_by_one(self, store, folder):
        for n in range(10):
            spool.save(folder, spooled(f"r{n}", at=n))
        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(lambda _: store.take_in(folder, decide_of), range(2)))
        assert sum(len(taken.outcomes) for taken in both) == 10
        assert store.findings()[0].times_seen == 10
        assert len(store.tickets()) == 1

    def test_leaves_what_it_cannot_read_and_goes_on(self, store, folder):
        spool.save(folder, spooled())
        (folder / "half.json").write_bytes(spool.to_text(spooled("r2")).encode()[:50])
        taken = store.take_in(folder, decide_of)
        (problem,) = taken.problems
        assert "half.json is no spooled run: move it away" in str(problem)
        assert len(taken.outcomes) == 1
        assert [p.name for p in spool.waiting(folder)] == ["half.json"]

    def test_leaves_what_cannot_be_stored_yet(self, store, folder):
        spool.save(folder, spooled())
        (folder.parent / "netpatrol.db").unlink()
        assert len(store.take_in(folder, decide_of).problems) == 1
        assert len(spool.waiting(folder)) == 1

    def test_that_cannot_remove_the_file_says_so_and_takes_it_in_once(self, store, folder, monkeypatch):
        path = spool.save(folder, spooled())

        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(type(path), "unlink", refuse)
        first, second = (store.take_in(folder, decide_of) for _ in range(2))
        assert (len(first.outcomes), len(second.outcomes)) == (1, 0)
        assert [str(problem) for problem in first.problems] == [
            f"{path} is taken in, and cannot be removed: Permission denied: delete it"
        ]

    def test_of_nothing_is_nothing(self, store, folder):
        taken = store.take_in(folder, decide_of)
        assert (taken.outcomes, taken.problems) == ((), ())


class TestSaving:
    @pytest.mark.parametrize("name", ["20261122T073000Z-3fa2", "../../etc/x", "a/b", "温度", "."])
    def test_makes_one_file_in_the_folder_whatever_the_id(self, folder, name):
        path = spool.save(folder, spooled(name))
        assert list(folder.iterdir()) == [path]
        assert spool.load(path) == spooled(name)

    def test_what_was_printed_to_stdout_can_be_put_there_by_hand(self, store, folder):
        folder.mkdir()
        (folder / "from-the-terminal.json").write_text(spool.to_text(spooled()))
        assert len(store.take_in(folder, decide_of).outcomes) == 1

    def test_that_fails_leaves_no_half_a_file(self, folder, monkeypatch):
        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"r1\.json cannot be written: No space left on device"):
            spool.save(folder, spooled())
        assert list(folder.iterdir()) == []

    def test_below_a_file_is_an_error_of_the_store(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match="cannot be written"):
            spool.save(tmp_path / "file", spooled())
