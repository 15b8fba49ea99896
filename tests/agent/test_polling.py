"""Each device has its interval and phase; silent ones are asked less often, one that is wanted at once sooner."""

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable

import pytest

from agent.polling import AGAIN, LONGEST, Polling
from tests.simulator.idle_loop import IdleLoop

Answer = Callable[[str], Awaitable[bool]]


class Round:
    """Polls under a clock that jumps to whatever is due next."""

    def __init__(self) -> None:
        self.at: defaultdict[str, list[float]] = defaultdict(list)
        self.missed = 0

    def run(self, intervals: dict[str, float], seconds: float, answer: Answer, **asked: list[float]) -> None:
        """Poll for so many seconds; `asked`: device → when it is wanted out of turn."""

        async def rounds() -> None:
            loop, stop = asyncio.get_running_loop(), asyncio.Event()

            async def poll(device: str) -> bool:
                self.at[device].append(loop.time())
                return await answer(device)

            polling = Polling(intervals, poll, missed=self.count, clock=loop.time)
            for device, times in asked.items():
                for at in times:
                    loop.call_at(at, polling.soon, device)
            loop.call_at(seconds, stop.set)
            await polling.run(stop, grace=1.0)
            assert polling.running == 0

        with asyncio.Runner(loop_factory=lambda: IdleLoop(threads=0.0)) as runner:
            runner.run(rounds())

    def count(self, polls: int) -> None:
        self.missed += polls

    def pauses(self, device: str) -> list[float]:
        times = self.at[device]
        return [round(b - a, 3) for a, b in itertools.pairwise(times)]


async def well(device: str) -> bool:
    return True


async def dead(device: str) -> bool:
    return False


@pytest.fixture
def polled() -> Round:
    return Round()


def test_every_device_is_polled_at_its_own_interval(polled: Round) -> None:
    polled.run({"core": 10, "edge": 30}, 301, well)
    assert set(polled.pauses("core")) == {10}
    assert set(polled.pauses("edge")[1:]) == {30}
    assert len(polled.at["core"]) == pytest.approx(30, abs=1)


def test_a_fleet_is_spread_over_its_interval(polled: Round) -> None:
    polled.run({f"sw-{n}": 60 for n in range(6000)}, 160, well)
    starts = Counter(int(at) for times in polled.at.values() for at in times)
    a_second = [starts[second] for second in range(100, 160)]
    assert sum(a_second) == 6000
    assert 95 <= min(a_second) <= max(a_second) <= 105


def test_devices_of_each_interval_are_spread_by_themselves(polled: Round) -> None:
    polled.run({f"sw-{n}": 600 if n % 10 else 60 for n in range(100)}, 179.9, well)
    starts = sorted(at for device in (f"sw-{n}" for n in range(0, 100, 10)) for at in polled.at[device] if at >= 119.9)
    assert len(starts) == 10
    assert max(b - a for a, b in itertools.pairwise(starts)) < 10


def test_the_second_poll_is_not_soon_after_the_first_nor_long(polled: Round) -> None:
    polled.run({f"sw-{n}": 300 for n in range(50)}, 1200, well)
    pauses = {device: polled.pauses(device) for device in polled.at}
    assert all(150 <= first <= 450 for first, *_ in pauses.values())
    assert {pause for _, *rest in pauses.values() for pause in rest} == {300}


def test_few_devices_are_all_polled_soon_after_the_start(polled: Round) -> None:
    polled.run({f"sw-{n}": 3600 for n in range(20)}, 10.0, well)
    assert len(polled.at) == 20


def test_a_poll_that_takes_long_leaves_out_turns_and_keeps_its_phase(polled: Round) -> None:
    async def slow(device: str) -> bool:
        await asyncio.sleep(25 if len(polled.at[device]) == 2 else 0)
        return True

    polled.run({"core": 10}, 100, slow)
    assert polled.pauses("core")[:4] == [10, 30, 10, 10]
    assert polled.missed == 2


def test_a_device_is_never_polled_twice_at_once(polled: Round) -> None:
    under_way: set[str] = set()

    async def slow(device: str) -> bool:
        assert device not in under_way
        under_way.add(device)
        await asyncio.sleep(4)
        under_way.remove(device)
        return True

    polled.run({"core": 3}, 60, slow, core=[5.0, 5.5, 6.0, 20.0])
    assert len(polled.at["core"]) > 5


def test_a_silent_device_is_asked_less_often_until_it_answers(polled: Round) -> None:
    async def back(device: str) -> bool:
        return len(polled.at[device]) >= 10

    polled.run({"core": 60}, 3600, back)
    assert polled.pauses("core")[:12] == [60, 60, 120, 120, 120, 240, 240, 240, 240, 60, 60, 60]


def test_what_was_asked_for_before_the_end_is_still_polled(polled: Round):
    polled.run({"core": 1000, "edge": 1000}, 100, well, core=[98, 99])
    assert polled.at["core"][-2:] == pytest.approx([98, 100])
    assert polled.at["edge"][-1] < 20


@pytest.mark.parametrize(("interval", "longest"), [(100, LONGEST), (60, 240), (600, 600)])
def test_a_silent_device_is_never_left_alone_for_long(polled: Round, interval: float, longest: float) -> None:
    polled.run({"core": interval}, 20_000, dead)
    assert max(polled.pauses("core")) == longest


def test_a_device_that_is_asked_for_is_polled_at_once_and_its_turn_comes_all_the_same(polled: Round) -> None:
    polled.run({"core": 100}, 290, well, core=[50.0], stranger=[60.0])
    first = polled.at["core"][0]
    assert polled.at["core"] == pytest.approx([first, 50.0, first + 100, first + 200])


def test_a_storm_of_wishes_is_a_poll_every_few_seconds(polled: Round) -> None:
    polled.run({"core": 1000}, 100, well, core=[50 + n / 100 for n in range(3000)])
    stormy = [at for at in polled.at["core"] if at >= 50]
    assert len(stormy) == pytest.approx(30 / AGAIN, abs=1)
    assert min(b - a for a, b in itertools.pairwise(stormy)) == pytest.approx(AGAIN)


def test_what_a_poll_raises_is_logged_and_costs_no_turn(polled: Round, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(device: str) -> bool:
        raise RuntimeError("a fault of ours")

    polled.run({"core": 10}, 45, broken)
    assert set(polled.pauses("core")) == {10}
    assert "core: this poll failed" in caplog.text


def test_polls_under_way_are_let_end_and_called_off_after_the_grace(polled: Round) -> None:
    ended = []

    async def long(device: str) -> bool:
        await asyncio.sleep(0.5 if device == "quick" else 3600)
        ended.append(device)
        return True

    polled.run({"quick": 10, "stuck": 10}, 10.2, long)
    assert set(ended) <= {"quick"}
