"""Record a UPS behind a NUT server as a case of tests/devices: its variables, redacted, and what they come to."""

import re
from collections import Counter
from collections.abc import Collection, Mapping

from collectors import nut, nut_decode, recording, replay
from collectors.errors import Unsupported
from collectors.model import Device, Reading
from collectors.profiles import NUT
from collectors.profiles.rules import Nut
from collectors.recording import Case
from collectors.snmp_decode import Decoded

LEFT_OUT = re.compile(r"(?:driver\.(?:parameter|flag)|server)\..*")
"""How the customer's server is set up: ports, communities, passwords of network drivers."""
OWN = {
    r"(?:.*\.)?serial": "serial",
    r"device\.contact": "contact",
    r"device\.location": "location",
    r"device\.description": "description",
    r"device\.macaddr": "mac",
    r"ups\.id": "device",
    r"outlet\.(?:group\.)?\d+\.(?:desc|name|id)": "outlet",
}
"""Names of variables whose texts are the customer's own, and what these are called instead."""
PLAIN = {"device.type", "driver.name", "ups.status"}
"""Words of NUT's own, whatever else has the same name: the user `ups` too."""
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b")
SHORTEST = 4  # characters of a text that is looked for inside others


async def hear(device: Device) -> dict[str, str]:
    """Return a UPS's variables. Raises CollectError where the server does not give them all."""
    if device.nut is None:
        raise Unsupported(f"{device.name}: the inventory gives no NUT access")
    heard = await nut.hear(device, device.nut)
    if heard.failure is not None:
        raise heard.failure
    return heard.variables


def case(rules: Nut, variables: Mapping[str, str], secrets: Collection[str] = ()) -> Case:
    """Take out what is the customer's own, and say what the rules yield of the rest."""
    kept = redact(variables, secrets)
    before, after = nut_decode.decode(rules, variables), nut_decode.decode(rules, kept)
    changed = sorted({name for name, _ in (_figures(before) - _figures(after))})
    text = "".join(f"{name}: {kept[name]}\n" for name in sorted(kept))
    got = Decoded(after.samples, dict(after.facts), tuple(failure.message for failure in after.failures))
    return Case(NUT, text.encode(), recording.expected(got), tuple(changed), replay.VARIABLES)


def _figures(reading: Reading) -> Counter[tuple[str, float]]:
    return Counter((sample.name, sample.value) for sample in reading.samples)


def redact(variables: Mapping[str, str], secrets: Collection[str] = ()) -> dict[str, str]:
    """Return the variables without what is the customer's own; the same text has the same stand-in everywhere."""
    standins: dict[str, str] = {secret: "redacted" for secret in secrets if secret}
    own: set[str] = set()
    for name, text in variables.items():
        kind = next((kind for pattern, kind in OWN.items() if re.fullmatch(pattern, name)), None)
        if kind is not None and text and not (kind == "outlet" and text.isdigit()):
            own.add(name)
            standins.setdefault(text, _standin(kind, len(standins) + 1, text))
    long_ones = sorted((text for text in standins if len(text) >= SHORTEST or text in secrets), key=len, reverse=True)
    search = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in long_ones) or r"(?!)")

    def without(name: str, text: str) -> str:
        if name in own:
            return standins[text]
        if name in PLAIN:
            return text
        return ADDRESS.sub("redacted", search.sub(lambda match: standins[match[0]], text))

    return {name: without(name, text) for name, text in variables.items() if not LEFT_OUT.fullmatch(name)}


def _standin(kind: str, number: int, text: str) -> str:
    if kind == "serial":
        return f"SN{number:0{max(2, len(text) - 2)}d}"
    return f"00:00:5e:00:53:{number % 256:02x}" if kind == "mac" else f"{kind}-{number}"
