"""Choose the profile a device is read by, from what the inventory, the device and the last snapshot say. Pure."""

from dataclasses import dataclass, replace

from collectors.errors import ProfileError
from collectors.model import Device, DeviceClass, Failure
from collectors.profiles import FALLBACK, NUT, ProfileSet
from collectors.profiles.rules import Profile
from collectors.snmp_collector import Identity, Probes, no_probes

SSH_ONLY = {DeviceClass.SERVER: "linux"}  # what a device is taken for that can only be logged in to


@dataclass(frozen=True, slots=True)
class Choice:
    """The profile to read by; `name` only if it is known to be the device's."""

    profile: Profile
    name: str | None
    failure: Failure | None = None


def probes(device: Device, profiles: ProfileSet) -> Probes:
    """Return what to ask a device for beside sysObjectID and sysDescr; nothing when the inventory names its profile."""
    return no_probes if device.profile in profiles else profiles.probes


def choose(device: Device, identity: Identity | None, profiles: ProfileSet, known: str | None) -> Choice:
    """The inventory's profile; else what SNMP recognises; else the last one; else what the access says it is.

    To it comes what is read through NUT, and to that of a device that answered SNMP what the community has for it.
    """
    choice = _own(device, identity, profiles, known)
    if device.nut is not None:
        choice = replace(choice, profile=profiles.through_nut(choice.profile.name))
    if identity is None or identity.failure is not None:
        return choice
    said = (identity.sys_object_id, identity.sys_descr)
    return replace(choice, profile=profiles.completed(choice.profile, *said, device.profile))


def _own(device: Device, identity: Identity | None, profiles: ProfileSet, known: str | None) -> Choice:
    if device.profile is not None and device.profile in profiles:
        return Choice(profiles[device.profile], device.profile)
    if identity is not None and identity.failure is None:
        profile = _recognised(identity, profiles, known)
        return Choice(profile, profile.name, _unknown_profile(device, profiles))
    for name in filter(None, (known, _guess(device))):
        if name in profiles:
            return Choice(profiles[name], name, _unknown_profile(device, profiles))
    return Choice(profiles[FALLBACK], None, _unknown_profile(device, profiles) or _unrecognised(device, profiles))


def _guess(device: Device) -> str | None:
    if device.local:
        return "local"
    return (SSH_ONLY.get(device.device_class) if device.ssh else None) or (NUT if device.nut else None)


def _recognised(identity: Identity, profiles: ProfileSet, known: str | None) -> Profile:
    """A device that was known by a probe, and this once does not answer probes, is still the same."""
    if identity.unsaid is not None and known is not None and known in profiles and profiles[known].probe:
        return profiles[known]
    return profiles.match(identity.sys_object_id, identity.sys_descr, identity.answers)


def _unknown_profile(device: Device, profiles: ProfileSet) -> Failure | None:
    if device.profile is None or device.profile in profiles.names:
        return None
    message = f"{device.name}: there is no profile {device.profile!r} (right form: one of {', '.join(profiles.names)})"
    return Failure.of("profile", "choose", ProfileError(message))


def _unrecognised(device: Device, profiles: ProfileSet) -> Failure | None:
    if device.ssh is None or device.snmp is not None:
        return None
    fitting = ", ".join(name for name, profile in profiles.items() if profile.cli)
    message = f"{device.name} has SSH only, which recognises nothing: give it a profile (right form: one of {fitting})"
    return Failure.of("profile", "choose", ProfileError(message), {"device_up"})
