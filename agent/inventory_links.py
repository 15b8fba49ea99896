"""Check what inventory.yaml says across its parts: names that must exist, parents, contracts, limits."""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

from agent.checks.rules import Check
from agent.inventory_access import PROTOCOLS, group_names
from agent.inventory_draft import Draft, F, Item, Section
from agent.inventory_file import CredentialForm, DeviceForm, GroupForm, Shared
from agent.inventory_problems import Problems
from collectors.yamlfile import KeyPath

Checks = Mapping[str, Check] | Collection[str]
MAX_RATIO = 10  # above this nobody means a share of 1


def check_links(draft: Draft, problems: Problems, profiles: Collection[str] | None, checks: Checks | None) -> None:
    """Note every name that refers to nothing, and every pair of keys that cannot be together.

    Profile and check names are checked when the known ones are given; with the checks themselves, ratios too.
    """
    _contracts(draft, problems)
    _sites(draft, problems)
    if draft.defaults.form is not None:
        _limits(draft.defaults.path, draft.defaults.form, problems, checks)
    for path, form in (*draft.groups.forms(), *draft.devices.forms()):
        _refers("site", (*path, "site"), form.site, draft.sites, problems)
        _profile(path, form, problems, profiles)
        _limits(path, form, problems, checks)
        _credentials(path, form, draft, problems)
    for path, device in draft.devices.forms():
        _device(path, device, draft, problems)
    _cycles(draft.devices, problems)


def _refers(what: str, path: KeyPath, name: str | None, section: Section[F], problems: Problems) -> None:
    if name is not None and section.readable and section.find(name) is None:
        problems.unknown(path, what, name, section.names or ())


def _contracts(draft: Draft, problems: Problems) -> None:
    for path, form in draft.contracts.forms():
        _refers("customer", (*path, "customer"), form.customer, draft.customers, problems)
        if form.starts and form.ends and form.ends < form.starts:
            problems.add((*path, "ends"), f"is before the contract starts ({form.starts})")
        for day in sorted({*form.calendar.holidays} & {*form.calendar.workdays}) if form.calendar else ():
            problems.add((*path, "calendar", "workdays"), f"has {day}, which is among the holidays")
        for level, targets in (form.levels or {}).items():
            at = (*path, "levels", level)
            if targets.response and targets.fix and targets.fix < targets.response:
                problems.add((*at, "fix"), "is shorter than response: nobody repairs before answering")
            if not (targets.model_fields_set or problems.noted(at)):
                problems.add(at, "promises nothing", {"response": "15m", "on_site": "1h", "fix": "4h"})


def _sites(draft: Draft, problems: Problems) -> None:
    for path, form in draft.sites.forms():
        _refers("customer", (*path, "customer"), form.customer, draft.customers, problems)
        _refers("contract", (*path, "contract"), form.contract, draft.contracts, problems)
        contract = draft.contracts.find(form.contract)
        of = contract.form.customer if contract and contract.form else None
        if of is not None and of != form.customer:
            problems.add((*path, "contract"), f"is a contract of {of!r}, and the site is of {form.customer!r}")


def _profile(path: KeyPath, form: GroupForm, problems: Problems, profiles: Collection[str] | None) -> None:
    if profiles is not None and form.profile is not None and form.profile not in profiles:
        problems.unknown((*path, "profile"), "profile", form.profile, profiles)


def _limits(path: KeyPath, form: Shared, problems: Problems, checks: Checks | None) -> None:
    for name, limit in (form.limits or {}).items():
        at = (*path, "limits", name)
        if checks is not None and name not in checks:
            problems.unknown(at, "check", name, checks)
        elif not limit.model_fields_set and not problems.noted(at):
            problems.add(at, "gives no limit", {"warning": "80%", "critical": "90%"})
        elif isinstance(checks, Mapping) and checks[name].unit == "ratio":
            for key in sorted(limit.model_fields_set):
                if abs(getattr(limit, key)) > MAX_RATIO:
                    problems.add((*at, key), "is a share of 1 here", "0.8, or 80%")


def _credentials(path: KeyPath, form: GroupForm, draft: Draft, problems: Problems) -> None:
    taken: dict[str, str] = {}
    for number, name in enumerate(form.credentials or ()):
        at = (*path, "credentials", number)
        _refers("credential", at, name, draft.credentials, problems)
        for protocol in _protocols(draft.credentials.find(name)):
            if protocol in taken:
                problems.add(at, f"gives {protocol}, as {taken[protocol]!r} does: name one credential a protocol")
            taken.setdefault(protocol, name)


def _protocols(credential: Item[CredentialForm] | None) -> Iterator[str]:
    if credential is not None and credential.form is not None:
        yield from (key for key in PROTOCOLS if getattr(credential.form, key) is not None)


def _device(path: KeyPath, form: DeviceForm, draft: Draft, problems: Problems) -> None:
    _refers("group", (*path, "group"), form.group, draft.groups, problems)
    for number, name in enumerate(form.groups or ()):
        _refers("group", (*path, "groups", number), name, draft.groups, problems)
    if form.group is not None and form.groups is not None:
        problems.add((*path, "groups"), "stands beside group: give one of them", {"groups": ["a", "b"]})
    groups = [draft.groups.find(name) for name in group_names(form)]
    unclear = any(group is None or not group.whole for group in groups)
    classes = (form.class_, *(group.form.class_ for group in groups if group and group.form))
    if not (unclear or any(classes) or problems.noted((*path, "class"))):
        problems.add((*path, "class"), "is required, here or in a group", {"class": "switch"})
    if form.address is None and not form.local and not problems.noted((*path, "address")):
        problems.add((*path, "address"), "is required", {"address": "10.0.0.1"})
    _refers("device", (*path, "parent"), form.parent, draft.devices, problems)


def _cycles(devices: Section[DeviceForm], problems: Problems) -> None:
    """Note each ring of parents once, at the first of its devices in the file."""
    parents = {form.name: form.parent for _, form in devices.forms() if form.parent}
    paths = {form.name: path for path, form in devices.forms()}
    done: set[str] = set()
    for start in parents:
        trail: list[str] = []
        name = start
        while name in parents and name not in done:
            done.add(name)
            trail.append(name)
            name = parents[name]
        if name in trail:
            ring = trail[trail.index(name) :]
            first = ring.index(min(ring, key=lambda member: paths[member]))
            ring = [*ring[first:], *ring[: first + 1]]
            problems.add((*paths[ring[0]], "parent"), f"goes round in a ring: {' → '.join(ring)}")


def long_targets(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    """Yield targets of a day and more in calendars with gaps: 1d is 24 hours of service there, not a day."""
    for path, form in draft.contracts.forms():
        calendar = form.calendar
        if calendar is None or (len(calendar.weekdays) == 7 and calendar.hours[1] is None):
            continue
        for level, targets in (form.levels or {}).items():
            for key in sorted(targets.model_fields_set):
                if getattr(targets, key) >= timedelta(days=1):
                    hours = getattr(targets, key) / timedelta(hours=1)
                    yield (
                        (*path, "levels", level, key),
                        f"is {hours:g} hours of service in this calendar, which is more than one working day",
                    )
