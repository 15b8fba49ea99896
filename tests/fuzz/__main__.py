"""python -m tests.fuzz [--seconds 60] [--seed N]: malformed answers and traps; exit 1 if they harm us.

Half of the time goes to answers, through the whole receiving side of the own SNMP engine, half to traps, through the
whole path behind the port. Each prints the seed of every round: `--seed` with it repeats what failed.
"""

import argparse
import asyncio
import gc
import secrets
import sys
import time
from collections.abc import Callable

from tests.fuzz.bench import SLOWEST, Bench, Tally, memory
from tests.simulator import bad_traps

ROUND = 5_000  # messages of one seed
MOST_GROWN = 20.0  # MB


def answers(seed: int) -> Tally:
    """Feed a round of damaged answers to polls that are under way."""
    bench = Bench(seed)
    tally = bench.run(ROUND)
    bench.close()
    return tally


def traps(seed: int) -> Tally:
    """Feed a round of damaged notifications to a receiver of traps."""
    before = memory()
    opens, slowest = bad_traps.survive(seed, ROUND)
    taken = opens.results.total() + opens.discoveries
    refused = {str(reason): number for reason, number in opens.dropped.items()}
    assert taken + sum(refused.values()) == ROUND, f"{ROUND} were sent, {taken} taken, {refused} dropped"
    return Tally(ROUND, taken, sum(refused.values()), slowest, memory() - before, refused)


async def fuzz(one_round: Callable[[int], Tally], seconds: float, seed: int) -> Tally:
    """Feed rounds for so long; every round has a seed of its own, one more than the one before."""
    until = time.monotonic() + seconds
    total = Tally()
    while time.monotonic() < until:
        print(f"{one_round.__name__}: seed {seed}", flush=True)
        total.add(one_round(seed))
        seed += 1
    return total


def harmless(tally: Tally) -> bool:
    """Print what came of the messages; return whether it was within what is allowed."""
    print(tally)
    if tally.slowest > SLOWEST or tally.grown > MOST_GROWN:
        print(f"allowed are {SLOWEST * 1000:g} ms and +{MOST_GROWN:g} MB", file=sys.stderr)
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition(": ")[2])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long; default 60")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; default: any")
    asked = parser.parse_args()
    seed = secrets.randbelow(10**9) if asked.seed is None else asked.seed
    gc.freeze()  # what is imported is nothing the messages left: looking through it is none of their time
    passed = [harmless(asyncio.run(fuzz(each, asked.seconds / 2, seed))) for each in (answers, traps)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
