"""Community profiles in files of a test's own, beside our own profiles."""

from functools import cache
from pathlib import Path

from collectors import profiles
from collectors.profiles import ProfileSet

CASES = Path(__file__).parents[1] / "data" / "community"


@cache
def own() -> ProfileSet:
    return profiles.load()


def with_files(folder: Path, **files: str) -> ProfileSet:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return own().with_community([folder])


def metric(name: str, arc: int = 1) -> str:
    return f"metrics: [{{symbol: {{OID: 1.3.6.1.4.1.32473.{arc}.0, name: {name}}}}}]\n"


def names_of(profile: profiles.Profile | None) -> set[str]:
    return {s.sample for m in profile.metrics for s in m.all_symbols if s.sample} if profile else set()
