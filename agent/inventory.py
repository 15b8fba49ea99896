"""Read inventory.yaml: the devices, whom they belong to, and how to speak to each, checked and resolved."""

import logging
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from agent.inventory_access import (
    Given,
    Sources,
    check_credentials,
    merged,
    nut_access,
    snmp_access,
    sources,
    ssh_access,
    written_secrets,
)
from agent.inventory_contracts import CALENDARS, CalendarForm, ContractForm, SiteForm
from agent.inventory_draft import Draft, read_draft
from agent.inventory_file import BaselineForm, ConfigBackupForm, File
from agent.inventory_form import TitleForm
from agent.inventory_links import Checks, check_links, long_targets
from agent.inventory_problems import Problems
from agent.inventory_pushing import push_target, unwise
from agent.inventory_traps import heard
from agent.model import Baseline, Calendar, Contract, Customer, Entry, Inventory, LimitOverride, Site, Targets, Text
from agent.secrets import Resolver, SecretError
from collectors import yamlfile
from collectors.model import Device, NutAccess, Secret, SshAccess
from collectors.yamlfile import KeyPath, Problem

EXAMPLE: str = Path(__file__).with_name("inventory_example.yaml").read_text(encoding="utf-8")
"""A commented starter inventory, for `netpatrol init`."""

TIMEZONE = "Asia/Shanghai"

Profiles = Collection[str] | Callable[[tuple[Path, ...]], Collection[str]]
"""The names a device's `profile` may have; or what says them, given the folders of community profiles."""


def load(
    path: Path,
    *,
    env: Mapping[str, str] = os.environ,
    resolve: bool = True,
    profiles: Profiles | None = None,
    checks: Checks | None = None,
    warn: Callable[[Problem], object] | None = None,
) -> Inventory:
    """Read an inventory file. Raises YamlError with every problem, in the order of their lines.

    Secrets of credentials that no device uses are not resolved; with `resolve=False` none is, and each is empty: for
    listing only. Profile names and checks' names are checked when the known ones are given; `profiles` may be asked
    for those that the folders of `profiles_dir` add. What is unwise but not wrong goes to `warn` (default: the log).
    """
    document, found = yamlfile.scan(path)
    problems = Problems(document, found)
    draft = read_draft(document.data, problems)
    folders = _profile_folders(draft, path.parent, problems)
    check_links(draft, problems, profiles(folders) if callable(profiles) else profiles, checks)
    check_credentials(draft, problems)
    builder = _Builder(draft, problems, path.parent, Resolver(path.parent, env) if resolve else None, warn or _log)
    inventory = builder.inventory()
    problems.finish()
    builder.warn_all()
    return replace(inventory, profiles_dirs=folders)


def _profile_folders(draft: Draft, beside: Path, problems: Problems) -> tuple[Path, ...]:
    """Return the folders of community profiles that are there, noting those that are not."""
    given = (draft.defaults.form.profiles_dir if draft.defaults.form else None) or []
    folders = []
    for said in given:
        folder = beside / said
        if folder.is_dir():
            folders.append(folder)
        else:
            problems.add(("defaults", "profiles_dir"), f"there is no folder {said}", "profiles")
    return tuple(folders)


def _log(problem: Problem) -> None:
    logging.getLogger(__name__).warning("%s", problem)


class _Builder:
    """Builds the inventory from a checked draft, as far as it is right, noting what only shows now."""

    def __init__(
        self,
        draft: Draft,
        problems: Problems,
        folder: Path,
        resolver: Resolver | None,
        warn: Callable[[Problem], object],
    ) -> None:
        self._draft = draft
        self._problems = problems
        self._folder = folder
        self._resolver = resolver
        self._warn = warn
        self._warnings: dict[Problem, None] = {}
        self._pinged: list[Sources] = []  # nobody said that ping is all there is
        defaults = draft.defaults.form
        self._timezone = (defaults.timezone if defaults else None) or TIMEZONE
        self._language = defaults.language if defaults else None

    def inventory(self) -> Inventory:
        draft = self._draft
        for given, shortest in written_secrets(draft):
            self._secret(given, shortest)
        customers = {f.name: Customer(name=f.name, title=_title(f.title, f.name)) for _, f in draft.customers.whole()}
        contracts = {form.name: self._contract(form) for _, form in draft.contracts.whole()}
        sites = {
            form.name: _site(form, customers[form.customer], contracts)
            for _, form in draft.sites.whole()
            if form.customer in customers
        }
        baselines = tuple(_baseline(form) for _, form in draft.baselines.whole())
        entries: dict[str, Entry] = {}
        for path, form in draft.devices.whole():
            of = sources(path, form, draft)
            if of is not None and (entry := self._entry(of, sites, baselines)) is not None:
                entries[form.name] = entry
        if draft.traps is not None and not any(entry.device.snmp for entry in entries.values()):
            self._note(draft.traps.path, "no device has snmp, and only those that have it are believed")
        return Inventory(
            entries=entries,
            sites=sites,
            customers=customers,
            contracts=contracts,
            timezone=self._timezone,
            language=self._language,
            config_key=self._config_key(),
            push=push_target(draft.push, self._secret, self._folder, self._problems) if draft.push else None,
            traps=heard(draft.traps.form, draft.traps.whole) if draft.traps else None,
        )

    def _config_key(self) -> Secret | None:
        defaults = self._draft.defaults.form
        if defaults is None or defaults.config_backup is None or defaults.config_backup.key is None:
            return None
        return self._secret(Given(defaults.config_backup.key, ("defaults", "config_backup", "key")), 1)

    def warn_all(self) -> None:
        """Say what is unwise, now that nothing is wrong."""
        if not self._draft.devices.items:
            self._note(("devices",), "there is no device to inspect")
        if self._pinged:
            names = [of.device.name for of in self._pinged]
            few = ", ".join(names[:5]) + (f" … ({len(names)} devices)" if len(names) > 5 else "")
            self._note(self._pinged[0].path, f"has no snmp, ssh or nut, and is only pinged: {few}")
        for path, message in (*long_targets(self._draft), *(unwise(self._draft.push) if self._draft.push else ())):
            self._note(path, message)
        for problem in sorted(self._warnings, key=lambda warning: warning.line):
            self._warn(problem)

    def _note(self, path: KeyPath, message: str) -> None:
        self._warnings[self._problems.problem(path, message)] = None

    def _contract(self, form: ContractForm) -> Contract:
        return Contract(
            name=form.name,
            title=_title(form.title, form.name),
            starts=form.starts,
            ends=form.ends,
            calendar=self._calendar(form.calendar or CalendarForm.model_validate(CALENDARS["7x24"])),
            levels={
                int(level): Targets(response=targets.response, on_site=targets.on_site, fix=targets.fix)
                for level, targets in sorted((form.levels or {}).items())
            },
        )

    def _calendar(self, form: CalendarForm) -> Calendar:
        opens, closes = form.hours
        zone = form.timezone or self._timezone
        return Calendar(
            timezone=zone,
            weekdays=form.weekdays,
            holidays=form.holidays,
            workdays=form.workdays,
            opens=opens,
            closes=closes,
        )

    def _entry(self, of: Sources, sites: Mapping[str, Site], baselines: tuple[Baseline, ...]) -> Entry | None:
        device = self._device(of)
        if device is None:
            return None
        entry: dict[str, Any] = {key: of.nearest(key) for key in ("criticality", "interval")}
        return Entry(
            device=device,
            site=sites.get(of.nearest("site") or ""),
            parent=of.device.parent,
            tags=of.together("tags"),
            uplinks=of.together("uplinks"),
            ignore_interfaces=of.together("ignore_interfaces"),
            limits=_limits(of),
            warranty=of.nearest("warranty"),
            installed=of.nearest("installed"),
            battery_installed=of.device.battery_installed,
            baselines=baselines,
            config_backup=_backed_up(of),
            **{key: value for key, value in entry.items() if value is not None},
        )

    def _device(self, of: Sources) -> Device | None:
        form, icmp, device_class = of.device, of.nearest("icmp"), of.nearest("class_")
        if device_class is None:
            return None
        snmp, ssh, nut = merged("snmp", of), merged("ssh", of), merged("nut", of)
        if not (snmp or ssh or nut or form.local):
            self._only_pinged(of, icmp)
        return Device(
            name=form.name,
            address=form.address or "127.0.0.1",
            device_class=device_class,
            profile=of.nearest("profile"),
            snmp=snmp_access(snmp, self._secret, self._problems) if snmp else None,
            ssh=self._ssh(ssh) if ssh else None,
            nut=self._nut(nut) if nut else None,
            icmp=not form.local if icmp is None else icmp,
            local=bool(form.local),
            probe_ports=of.nearest("probe_ports") is not False,
        )

    def _only_pinged(self, of: Sources, icmp: bool | None) -> None:
        if icmp is False:
            message = f"there is no way to read {of.device.name}: no snmp, ssh or nut, and icmp is off"
            self._problems.add(of.path, message, {"credentials": ["v2c"]})
        if icmp is None:
            self._pinged.append(of)

    def _ssh(self, found: tuple[dict[str, Given], KeyPath]) -> SshAccess | None:
        access = ssh_access(found, self._secret, self._folder, self._problems)
        self._is_there(access.key_file if access else None, found[0].get("key_file"))
        return access

    def _nut(self, found: tuple[dict[str, Given], KeyPath]) -> NutAccess | None:
        access = nut_access(found, self._secret, self._folder, self._problems)
        self._is_there(access.ca_file if access else None, found[0].get("ca_file"))
        return access

    def _is_there(self, file: Path | None, given: Given | None) -> None:
        if file and given and self._resolver and not file.is_file():
            self._problems.add(given.path, f"there is no file {given.value}")

    def _secret(self, given: Given, shortest: int) -> Secret:
        if self._resolver is None:
            return Secret("")
        try:
            secret = self._resolver.resolve(given.value)
        except SecretError as error:
            self._problems.add(given.path, str(error))
            return Secret("")
        if given.value in self._resolver.warnings:
            self._note(given.path, self._resolver.warnings[given.value])
        if len(secret.reveal().encode()) < shortest:
            message = f"{given.value} is shorter than {shortest} characters, which RFC 3414 does not allow"
            self._problems.add(given.path, message)
        return secret


def _backed_up(of: Sources) -> bool:
    nearest: bool | ConfigBackupForm | None = of.nearest("config_backup")
    said = nearest.enabled if isinstance(nearest, ConfigBackupForm) else nearest
    return said is not False


def _title(form: TitleForm | None, name: str) -> Text:
    return Text(zh=form.zh, en=form.en) if form else Text(zh=name, en=name)


def _baseline(form: BaselineForm) -> Baseline:
    return Baseline(
        model=form.model,
        version=form.version,
        minimum=form.minimum or "",
        safe=form.safe or "",
        advisory=form.advisory or "",
    )


def _site(form: SiteForm, customer: Customer, contracts: Mapping[str, Contract]) -> Site:
    contract = contracts.get(form.contract) if form.contract else None
    return Site(name=form.name, title=_title(form.title, form.name), customer=customer, contract=contract)


def _limits(of: Sources) -> dict[str, LimitOverride]:
    together: dict[str, dict[str, float]] = {}
    for form in (of.defaults, *(group for _, group in of.groups), of.device):
        for check, limit in (form.limits or {}).items():
            together.setdefault(check, {}).update({key: getattr(limit, key) for key in limit.model_fields_set})
    return {check: LimitOverride(**bounds) for check, bounds in together.items()}


class _Schema(GenerateJsonSchema):
    """Leaves out null: a key is given a value, or it is not there. Keeps the order of the forms."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the file, for editors."""
    schema = File.model_json_schema(by_alias=True, schema_generator=_Schema)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": "netpatrol inventory.yaml"}
