"""Golden cases: tests/devices/<profile>/<case>/ has a walk and command output, and what must come of them.

`walk.snmprec`, `<command>.txt` (a `/` of the command is `_`) and NUT's `variables.dev` are what the device says.
`expected.yaml` says:

    facts: {sys_name: core-1}            # all of them
    samples: |                           # one line a sample, as Prometheus writes them
      device_cpu_ratio{entity="CPU 1"} 0.42
    counts: {ifHCInOctets: 24}           # names whose samples are only counted
    problems: []                         # what could not be read

A name is listed in `samples`, with every sample it has, or in `counts`: nothing a case yields goes unseen. To see what
a case yields now: `python -m tests.collectors.test_device_cases tests/devices/<profile>/<case>`.
"""

import asyncio
import math
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from collectors import cli_parse, convert, nut_decode, profiles, replay, series, snmp_decode, yamlfile
from collectors.model import Health
from collectors.profiles.rules import Profile
from collectors.vocabulary import CHOICES, FACTS, KINDS, VOCABULARY
from tests.collectors.played_cases import DEVICES, Yield, lines, play

CASES = sorted(path for path in DEVICES.glob("*/*") if path.is_dir())
WALKS = sorted(DEVICES.glob("*/*/walk.snmprec"))


def name_of(path: Path) -> str:
    """Return <profile>/<case> of a case, or of a file in it."""
    return "/".join(path.relative_to(DEVICES).parts[:2])


@cache
def profile_set() -> profiles.ProfileSet:
    return profiles.load()


@cache
def yield_of(case: Path) -> Yield:
    return asyncio.run(play(profile_set()[case.parent.name], case))


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_recorded_device_yields_what_is_expected_and_nothing_else(case: Path) -> None:
    expected = yamlfile.read(case / "expected.yaml").data
    counted = {name: int(number) for name, number in (expected.get("counts") or {}).items()}
    got = yield_of(case)
    assert lines(s for s in got.samples if s.name not in counted) == sorted(
        (expected.get("samples") or "").splitlines()
    )
    assert Counter(s.name for s in got.samples if s.name in counted) == counted
    assert got.facts == (expected.get("facts") or {})
    assert list(got.problems) == (expected.get("problems") or [])


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_recorded_device_speaks_only_the_vocabulary(case: Path) -> None:
    got = yield_of(case)
    assert got.samples or got.facts
    assert got.facts.keys() <= FACTS
    for sample in got.samples:
        assert tuple(sample.labels) == VOCABULARY[sample.name].labels, sample
        assert math.isfinite(sample.value), sample
        assert sample.labels.get("kind", "other") in KINDS or sample.name in CHOICES, sample
        if sample.name in CHOICES and sample.name != "device_port_open":  # a host listens at more than is judged
            assert next(iter(sample.labels.values())) in CHOICES[sample.name], sample
        assert sample.labels.get("health", "ok") in set(Health), sample
    times = Counter(series.series(s) for s in got.samples)
    assert [s for s, number in times.items() if number > 1] == []


@pytest.mark.parametrize("walk", WALKS, ids=name_of)
def test_a_recorded_device_is_recognised(walk: Path) -> None:
    texts = {oid: convert.text(value) for oid, value in replay.read_walk(walk).values.items()}
    said = (texts.get("1.3.6.1.2.1.1.2.0", ""), texts.get("1.3.6.1.2.1.1.1.0", ""))
    assert profile_set().match(*said, texts).name == walk.parent.parent.name


def test_every_profile_has_a_recorded_case() -> None:
    read = {name for name, profile in profile_set().items() if profile.metrics or profile.cli or profile.nut}
    assert read - {case.parent.name for case in CASES} == set()


@pytest.mark.parametrize("file", sorted(profiles.BUILTIN.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_sample_name_a_profile_file_reads_is_in_a_case(file: Path) -> None:
    """What no recording shows, nobody has seen work."""
    own = Profile.model_validate(yamlfile.read(file).data)
    wanted = snmp_decode.expected(own) | (cli_parse.expected(own.cli) if own.cli else frozenset())
    wanted |= nut_decode.expected(own.nut) if own.nut else frozenset()
    seen = {sample.name for case in CASES if uses(case, own) for sample in yield_of(case).samples}
    assert wanted - seen == set()


def uses(case: Path, file: Profile) -> bool:
    """Say whether all of a profile file is in the profile of a case."""
    profile = profile_set()[case.parent.name]
    return (
        all(metric in profile.metrics for metric in file.metrics)
        and file.cli in (None, profile.cli)
        and file.nut in (None, profile.nut)
    )


def show(case: Path) -> str:
    got = yield_of(case.resolve())
    facts = "".join(f"  {name}: {words!r}\n" for name, words in sorted(got.facts.items()))
    samples = "".join(f"  {each}\n" for each in lines(got.samples))
    problems = "".join(f"  - {problem!r}\n" for problem in got.problems)
    return f"facts:\n{facts}samples: |\n{samples}" + (f"problems:\n{problems}" if problems else "")


if __name__ == "__main__":
    sys.stdout.write(show(Path(sys.argv[1])))
