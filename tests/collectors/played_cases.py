"""Recorded cases of tests/devices, played to the collectors: what they yield, as text."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from collectors import cli_parse, nut_decode, replay, series, snmp_decode
from collectors.model import Sample
from collectors.profiles.rules import Profile

DEVICES = Path(__file__).parent.parent / "devices"


@dataclass(frozen=True)
class Yield:
    """What a case's recordings come to."""

    samples: tuple[Sample, ...]
    facts: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


async def play(profile: Profile, case: Path) -> Yield:
    """Read a case as the collectors would read the device: SNMP first, then each command of the profile."""
    if (case / "variables.dev").exists():
        return play_variables(profile, case / "variables.dev")
    decoded = await play_walk(profile, case / "walk.snmprec")
    transcripts = replay.read_transcripts(case)
    if not transcripts:
        return decoded
    assert profile.cli is not None, f"{case} has command output, but {profile.name} has no cli:"
    parsed = play_commands(profile, transcripts)
    both = (*decoded.samples, *series.unsaid(parsed.samples, decoded.samples))
    samples = {sample.series: sample for sample in reversed(both)}  # SNMP's first, as in collectors/gather.py
    return Yield(tuple(samples.values()), {**parsed.facts, **decoded.facts}, (*decoded.problems, *parsed.problems))


async def play_walk(profile: Profile, walk: Path) -> Yield:
    rows = await replay.rows(recording_of(walk), snmp_decode.plan(profile))
    decoded = snmp_decode.decode(profile, rows)
    return Yield(decoded.samples, decoded.facts, decoded.problems)


def recording_of(walk: Path) -> replay.Recording:
    recording = replay.read_walk(walk) if walk.exists() else replay.Recording()
    assert recording.skipped == 0, f"{walk} has {recording.skipped} broken lines"
    return recording


def play_commands(profile: Profile, transcripts: dict[str, str]) -> Yield:
    assert profile.cli is not None
    known = {command.command.replace("/", "_"): command.command for command in profile.cli.commands}
    stray = transcripts.keys() - known.keys()
    assert not stray, f"not commands of {profile.name}: {sorted(stray)}"
    parsed = cli_parse.parse(profile.cli, {known[name]: text for name, text in transcripts.items()})
    missing = [each for each in parsed.failures if each.kind != "unsupported"]
    return Yield(parsed.samples, dict(parsed.facts), tuple(f"{each.what}: {each.message}" for each in missing))


def play_variables(profile: Profile, file: Path) -> Yield:
    assert profile.nut is not None
    reading = nut_decode.decode(profile.nut, replay.read_variables(file))
    return Yield(reading.samples, dict(reading.facts), tuple(each.message for each in reading.failures))


def line(sample: Sample) -> str:
    labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
    return f"{sample.name}{{{labels}}} {sample.value!r}" if labels else f"{sample.name} {sample.value!r}"


def lines(samples: Iterable[Sample]) -> list[str]:
    return sorted(map(line, samples))
