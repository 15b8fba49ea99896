"""What the last inspection of each site brought, out of finished runs. Pure."""

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from agent import judging
from agent.findings import NOT_COUNTED
from agent.model import Coverage, DeviceResult, Inventory, Run, Severity
from agent.reports import score


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteInspection:
    """One site's part of a run."""

    customer: str
    site: str
    run: str  # its id
    ended_at: datetime
    seconds: float  # the whole run's
    severity: Severity  # the worst result at the site that counts
    coverage: Coverage
    score: int  # 0 to 100, as in the report
    findings: Mapping[Severity, int]  # open ones


def whole(scope: Mapping[str, str]) -> bool:
    """Say whether a run of this scope inspects whole sites: single devices, or one class, say little of a site."""
    return not scope.keys() & {"device", "class"}


def of_run(run: Run, inventory: Inventory) -> dict[str, SiteInspection]:
    """Return each site's part of a run, by its name. Devices that the inventory no longer has are left out."""
    by_site: dict[str, list[DeviceResult]] = {}
    for device in run.devices:
        entry = inventory.entries.get(device.snapshot.device)
        if entry and entry.site:
            by_site.setdefault(entry.site.name, []).append(device)
    return {name: _of_site(name, devices, run, inventory) for name, devices in by_site.items()}


def _of_site(name: str, devices: list[DeviceResult], run: Run, inventory: Inventory) -> SiteInspection:
    waived = run.waived
    counted = {d.snapshot.device: [r for r in d.results if r.key not in waived] for d in devices}
    scores = [(score.device_score(found), inventory.entries[name].criticality) for name, found in counted.items()]
    results = (result.severity for found in counted.values() for result in found)
    return SiteInspection(
        customer=inventory.sites[name].customer.name,
        site=name,
        run=run.id,
        ended_at=run.finished_at,
        seconds=(run.finished_at - run.started_at).total_seconds(),
        severity=max(results, key=lambda severity: severity.rank, default=Severity.OK),
        coverage=judging.coverage(devices),
        score=score.site_score(scores),
        findings=Tally(
            f.result.severity for f in run.findings if f.result.device in counted and f.state not in NOT_COUNTED
        ),
    )
