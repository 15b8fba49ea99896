"""Record what a device answers over SNMP as a case of tests/devices: a redacted walk, and what its profile makes of it.

The types of numbers are those that hold them: a counter below 2^31 is written as an Integer32, which reads the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import pack

import yaml

from collectors import convert, redaction, replay, snmp_decode
from collectors.errors import CollectError
from collectors.model import Device, Sample, SnmpTransport, Value
from collectors.profiles import ProfileSet
from collectors.profiles.rules import Profile
from collectors.redaction import Known
from collectors.snmp import OpenSnmp, open_transport

SYS_DESCR, SYS_OBJECT_ID, SYS_UPTIME = (f"1.3.6.1.2.1.1.{n}.0" for n in (1, 2, 3))
STANDARD = ("1.3.6.1.2.1", "1.0.8802.1.1.2")  # mib-2, LLDP
ENTERPRISES = "1.3.6.1.4.1."
EXPECTED = "expected.yaml"
FILES = (replay.WALK, replay.VARIABLES, EXPECTED)
"""What a case may have: none of them is overwritten."""
MANY = 60  # samples of one name that are counted, not listed
SERIAL_FACTS = ("serial", "stack_serials", "engine_id")
KEPT_FACTS = ("vendor", "model", "os_version")


@dataclass(frozen=True, slots=True)
class Heard:
    """All that a device answered, before anything is taken out. `cut` says where a walk ended early."""

    profile: Profile
    values: Mapping[str, Value]
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A case to be written: what belongs in its two files, and whether redaction changed any figure."""

    profile: str
    walk: bytes  # or NUT variables
    expected: str
    changed: tuple[str, ...] = ()
    file: str = replay.WALK


# ---- hearing ----


async def hear(
    device: Device,
    profiles: ProfileSet,
    open_snmp: OpenSnmp = open_transport,
    done: Callable[[str, int], object] = lambda subtree, objects: None,
) -> Heard:
    """Walk a device: mib-2, LLDP, its maker's subtree, and what its profile reads. Raises CollectError if it is silent.

    `done` is told each subtree with the number of its objects.
    """
    transport = await open_snmp(device)
    try:
        profile, values = await _recognised(device, transport, profiles)
        cut: list[str] = []
        for columns in _subtrees(convert.text(values.get(SYS_OBJECT_ID)), profile):
            walk = await transport.walk(columns)
            found = {f"{column}.{index}": value for column, rows in walk.rows.items() for index, value in rows.items()}
            values |= found
            if walk.failure is not None:
                cut.append(str(walk.failure))
            if len(columns) == 1:
                done(columns[0], len(found))
        scalars = snmp_decode.plan(profile).scalars
        values |= await transport.get(scalars) if scalars else {}
    finally:
        await transport.close()
    return Heard(profile, {oid: value for oid, value in values.items() if value is not None}, tuple(cut))


async def _recognised(
    device: Device, transport: SnmpTransport, profiles: ProfileSet
) -> tuple[Profile, dict[str, Value]]:
    values = dict(await transport.get((SYS_OBJECT_ID, SYS_DESCR)))
    said = convert.text(values[SYS_OBJECT_ID]), convert.text(values[SYS_DESCR])
    if device.profile is not None and device.profile in profiles:
        return profiles[device.profile], values
    if probes := profiles.probes(*said):
        values |= await _probed(transport, probes)
    return profiles.match(*said, {oid: convert.text(value) for oid, value in values.items()}), values


async def _probed(transport: SnmpTransport, probes: Sequence[str]) -> Mapping[str, Value]:
    try:
        return await transport.get(probes)
    except CollectError:
        return {}


def _subtrees(sys_object_id: str, profile: Profile) -> list[tuple[str, ...]]:
    """Return what to walk, one after another; a profile's own tables only where no subtree has them."""
    wide = [*STANDARD]
    if sys_object_id.startswith(ENTERPRISES):
        wide.append(ENTERPRISES + sys_object_id.removeprefix(ENTERPRISES).split(".")[0])
    return [*((root,) for root in wide), *snmp_decode.plan(profile).tables]


# ---- what it comes to ----


async def case(heard: Heard, secrets: Iterable[str] = ()) -> Case:
    """Take out what is the customer's own, and say what the profile yields of the rest."""
    before = await _yield(heard.profile, heard.values)
    plan = snmp_decode.plan(heard.profile)
    known = Known(
        serials=[s for fact in SERIAL_FACTS for s in before.facts.get(fact, "").split(", ") if s],
        secrets=[secret for secret in secrets if secret],
        kept=[before.facts[fact] for fact in KEPT_FACTS if before.facts.get(fact)],
        read={*plan.scalars, *(column for table in plan.tables for column in table)},
    )
    values = redaction.redact(heard.values, known)
    after = await _yield(heard.profile, values)
    changed = sorted((_figures(before.samples) - _figures(after.samples)).keys())
    return Case(heard.profile.name, snmprec(values), expected(after), tuple(dict.fromkeys(name for name, _ in changed)))


def _figures(samples: Iterable[Sample]) -> Counter[tuple[str, float]]:
    return Counter((sample.name, sample.value) for sample in samples)


async def _yield(profile: Profile, values: Mapping[str, Value]) -> snmp_decode.Decoded:
    rows = await replay.rows(replay.recording(values), snmp_decode.plan(profile))
    return snmp_decode.decode(profile, rows)


def expected(got: snmp_decode.Decoded) -> str:
    """Return expected.yaml: facts, samples as Prometheus writes them, counts of names with many, problems."""
    times = Counter(sample.name for sample in got.samples)
    many = {name: number for name, number in sorted(times.items()) if number > MANY}
    lines = sorted(_line(sample) for sample in got.samples if sample.name not in many)
    text = _dump({"facts": dict(sorted(got.facts.items()))})
    text += "samples: |\n" + "".join(f"  {line}\n" for line in lines) if lines else ""
    text += _dump({"counts": many}) if many else ""
    return text + (_dump({"problems": list(got.problems)}) if got.problems else "")


def _dump(data: Mapping[str, object]) -> str:
    return str(yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False, width=10**9))


def _line(sample: Sample) -> str:
    labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
    return f"{sample.name}{{{labels}}} {sample.value!r}" if labels else f"{sample.name} {sample.value!r}"


# ---- files ----


def snmprec(values: Mapping[str, Value]) -> bytes:
    """Return a walk in the form replay.py reads, in the order of OIDs."""
    ordered = replay.recording(values).order
    return b"".join(_record(oid, values[oid]) + b"\n" for _, oid in ordered if values[oid] is not None)


def _record(oid: str, value: Value) -> bytes:
    tag, text = _tagged(oid, value)
    return f"{oid}|{tag}|".encode() + text


def _tagged(oid: str, value: Value) -> tuple[str, bytes]:
    match value:
        case bytes():
            plain = all(0x20 <= octet < 0x7F for octet in value)
            return ("4", value) if plain else ("4x", value.hex().encode())
        case float():
            return "68x", (b"\x9f\x79\x08" + pack(">d", value)).hex().encode()
        case int():
            return _number_tag(oid, value), str(value).encode()
    text = str(value)
    return ("64" if redaction.is_address(text) else "6"), text.encode()


def _number_tag(oid: str, value: int) -> str:
    if oid == SYS_UPTIME:
        return "67"
    if -(2**31) <= value < 2**31:
        return "2"
    return "66" if 0 <= value < 2**32 else "70"


def write(recorded: Case, folder: Path) -> None:
    """Write a case's files. Raises FileExistsError where there are some, OSError where it cannot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in ((recorded.file, recorded.walk), (EXPECTED, recorded.expected.encode())):
        with (folder / name).open("xb") as file:
            file.write(content)
