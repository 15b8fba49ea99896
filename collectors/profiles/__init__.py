"""Load profile files, complete what they extend, and recognise a device by them.

A folder holds `<name>.yaml` files; those whose name begins with `_` are parts, only extended. A later folder's file
replaces an earlier one's of the same name, so that an operator can correct a built-in profile.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from collectors import yamlfile
from collectors.profiles import community
from collectors.profiles.community import Community
from collectors.profiles.extend import Loaded, complete
from collectors.profiles.lint import lint
from collectors.profiles.rules import Profile
from collectors.yamlform import fitted, read_folders, refuse

BUILTIN = Path(__file__).parent
FALLBACK = "generic"
NUT = "nut"
"""The profile of the variables of Network UPS Tools, which mean the same of every device."""
MAX_MATCHED = 10_000  # devices' words kept with the community's profile that fits them


class ProfileSet(Mapping[str, Profile]):
    """Complete profiles by name. Parts are not among them."""

    def __init__(self, profiles: Mapping[str, Profile], community: Community | None = None) -> None:
        self._profiles = dict(sorted(profiles.items()))
        self.community = community or Community()
        self._beside: dict[tuple[str, bool, str], Profile] = {}  # (own profile, with NUT, community's) → both
        self._matched: dict[tuple[str, str], Profile | None] = {}  # what devices say → community's profile
        self._exact: dict[str, list[Profile]] = {}
        self._prefixes: dict[str, list[Profile]] = {}
        nut = profiles[NUT].nut if NUT in profiles else None
        self._through_nut = {
            name: p if p.nut is not None or nut is None else p.model_copy(update={"nut": nut})
            for name, p in self._profiles.items()
        }
        self._by_descr = [p for p in self._profiles.values() if p.sysdescr is not None and not p.sysobjectid]
        for profile in self._profiles.values():
            for oid in profile.sysobjectid:
                if oid.endswith(".*"):
                    self._prefixes.setdefault(oid[:-2], []).append(profile)
                else:
                    self._exact.setdefault(oid, []).append(profile)

    def __getitem__(self, name: str) -> Profile:
        return self._profiles[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._profiles)

    def __len__(self) -> int:
        return len(self._profiles)

    def through_nut(self, name: str) -> Profile:
        """Return a profile that reads NUT's variables too: by its own rules, else by those of `nut`."""
        return self._through_nut[name]

    def match(
        self, sys_object_id: str, sys_descr: str = "", answers: Mapping[str, str] = MappingProxyType({})
    ) -> Profile:
        """Return the profile of a device.

        1. Its sysObjectID exactly, else the longest prefix, else `generic`. A profile with `sysdescr` counts only when
           that regex is found, and then goes before one without; a `shared_agent` goes behind; then by name.
        2. Where that is `generic` or a `shared_agent`: one without sysobjectid whose `sysdescr` is found.
        3. Where none is: one with a `probe` among the `answers` (OID → text).

        Raises KeyError when nothing matches and there is no generic profile.
        """
        said = self._by_words(sys_object_id, sys_descr)
        if not _leaves_open(said):
            return said
        return next((p for p in self._profiles.values() if _shows(p, answers)), said)

    def with_community(self, folders: Sequence[Path]) -> "ProfileSet":
        """Return these profiles with those of the community's folders beside them."""
        return ProfileSet(self._profiles, community.load(folders, self._profiles))

    @property
    def names(self) -> tuple[str, ...]:
        """What the inventory may name as a device's profile: our own, and the community's files that are no parts."""
        return (*self._profiles, *(name for name in self.community.profiles if name not in self and name[0] != "_"))

    def completed(self, own: Profile, sys_object_id: str, sys_descr: str, named: str | None = None) -> Profile:
        """Return a device's own profile with what the community has for it: the one `named`, else the one that fits."""
        given = self.community.profiles.get(named) if named is not None and named not in self else None
        theirs = given.profile if given is not None else self._community_match(sys_object_id, sys_descr)
        if theirs is None:
            return own
        key = (own.name, own.nut is not None, theirs.name)
        if key not in self._beside:
            self._beside[key] = community.beside(own, theirs)
        return self._beside[key]

    def _community_match(self, sys_object_id: str, sys_descr: str) -> Profile | None:
        said = (sys_object_id, sys_descr)
        if said not in self._matched:
            if len(self._matched) >= MAX_MATCHED:
                self._matched.clear()
            self._matched[said] = self.community.match(*said)
        return self._matched[said]

    def probes(self, sys_object_id: str, sys_descr: str = "") -> tuple[str, ...]:
        """Return the OIDs whose answers `match` needs beside; none for a device that is known without."""
        if not _leaves_open(self._by_words(sys_object_id, sys_descr)):
            return ()
        return tuple(dict.fromkeys(probe.OID for p in self._profiles.values() for probe in p.probe))

    def _by_words(self, sys_object_id: str, sys_descr: str) -> Profile:
        oid = sys_object_id.strip().strip(".")
        found = self._profiles.get(FALLBACK)
        for candidates in self._candidates(oid):
            fitting = [p for p in candidates if p.sysdescr is None or re.search(p.sysdescr, sys_descr)]
            if fitting:
                found = max(fitting, key=lambda p: (p.sysdescr is not None, not p.shared_agent))
                break
        if found is None or _leaves_open(found):
            found = next((p for p in self._by_descr if re.search(p.sysdescr or "", sys_descr)), found)
        return self._profiles[FALLBACK] if found is None else found

    def _candidates(self, oid: str) -> Iterator[list[Profile]]:
        yield self._exact.get(oid, [])
        while oid:
            yield self._prefixes.get(oid, [])
            oid = oid.rpartition(".")[0]


def _leaves_open(profile: Profile) -> bool:
    return profile.name == FALLBACK or profile.shared_agent


def _shows(profile: Profile, answers: Mapping[str, str]) -> bool:
    """Say whether a device answers one of a profile's probes as such a device does."""
    texts = ((probe.match, answers.get(probe.OID, "")) for probe in profile.probe)
    return any(text and (match is None or re.search(match, text)) for match, text in texts)


def load(dirs: Sequence[Path] = (BUILTIN,)) -> ProfileSet:
    """Load every profile of the folders. Raises YamlError with all problems of all files."""
    loaded, problems = read_folders(dirs, "profile files", _load)
    complete_ones = complete(loaded, problems)
    refuse(problems)
    return ProfileSet({name: profile for name, profile in complete_ones.items() if not name.startswith("_")})


def _load(path: Path) -> Loaded:
    document = yamlfile.read(path)
    profile = fitted(Profile, document)
    refuse(lint(profile, document))
    return Loaded(profile, document)
