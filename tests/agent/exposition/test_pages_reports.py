"""The list of runs and the files of their reports: as they were written, and nothing else of the disk."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.exposition.pages import views
from agent.model import Run, Text
from tests.agent.exposition.paged import KNOWN, RUN, Here, data_folder, record
from tests.agent.reported import NOW, SITE, Texts


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    with data_folder(tmp_path / "data") as found:
        yield found


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ["巡检报告", RUN, "2026-11-22 15:30", "某某局", "总部", "严重", "50%"]),
        ("en", ["Inspection reports", RUN, "2026-11-22 15:30", "Acme", "HQ", "Critical", "50%"]),
    ],
)
@pytest.mark.parametrize("path", ["/reports", "/reports/", f"/reports/{RUN}", f"/reports/{RUN}/"])
def test_runs_are_listed_and_lead_to_their_reports(here: Here, path: str, lang: str, words: list[str]):
    url = f"{path}?lang={lang}"
    page = Texts(here.page(url))
    assert [word for word in words if word not in page.words] == []
    files = [link for link in page.links if "/report." in link]
    assert files[0].partition("?")[0].endswith(f"/report.{lang}.html")
    assert len(files) == 3
    assert all(here.follow(url, link) for link in page.links)


def test_a_file_whose_name_is_no_utf_8_is_listed_and_served(here: Here):
    name = os.fsdecode("巡检.pdf".encode("gbk"))  # as a zip of Windows has it
    (here.folder / "reports" / RUN / name).write_bytes(b"%PDF")
    for url in ("/reports", f"/reports/{RUN}"):
        (link,) = [link for link in Texts(here.page(url)).links if ".pdf" in link]
        assert here.follow(url, link) == "%PDF"


@pytest.mark.parametrize("url", ["/tickets/%ff", "/reports/%ff", f"/reports/{RUN}/%ff.pdf"])
def test_a_path_that_is_no_utf_8_is_none_of_ours(here: Here, url: str):
    assert "there is no" in here.page(url, 404)


def test_before_the_first_inspection_the_page_says_what_to_do(tmp_path: Path, here: Here):
    here.store.close()
    with type(here.store).open(tmp_path / "empty" / "netpatrol.db") as store:
        empty = Here(tmp_path / "empty", store)
        assert "There is no inspection yet: run netpatrol inspect" in empty.page("/reports?lang=en")
        empty.page(f"/reports/{RUN}", 404)
        empty.page(f"/reports/{RUN}/report.zh.html", 404)


def test_a_run_whose_report_was_not_written_is_listed_without_one(here: Here):
    record(here.store, Run(id="20261123T000000Z-0002", started_at=NOW, finished_at=NOW))
    page = Texts(here.page("/reports"))
    assert "20261123T000000Z-0002" in page.words
    assert not [link for link in page.links if "0002/report" in link]


def test_a_report_of_a_run_that_the_store_does_not_have_can_be_read(here: Here):
    (here.folder / "reports" / RUN).rename(here.folder / "reports" / "old")
    page = Texts(here.page("/reports/old"))
    (link,) = [link for link in page.links if "report.zh.html" in link]
    assert "设备巡检报告" in here.follow("/reports/old", link)


# ---- files ----


@pytest.mark.parametrize(
    ("name", "content_type", "restricted"),
    [
        ("report.zh.html", "text/html; charset=utf-8", True),
        ("report.en.html", "text/html; charset=utf-8", True),
        ("report.json", "application/json", False),
        ("报告 1.pdf", "application/pdf", False),
    ],
)
def test_a_file_is_served_as_it_was_written(here: Here, name: str, content_type: str, restricted: bool):
    path = here.folder / "reports" / RUN / name
    if not path.exists():
        path.write_bytes(bytes(range(256)) * 1000)
    answer = here.ask(f"/reports/{RUN}/{name}")
    assert answer
    assert (b"".join(answer.body), answer.content_type) == (path.read_bytes(), content_type)
    assert ("Content-Security-Policy" in answer.headers) is restricted
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_report_in_json_is_that_of_the_run(here: Here):
    assert json.loads(here.page(f"/reports/{RUN}/report.json"))["run"] == RUN


def test_a_file_is_closed_when_the_client_leaves(here: Here):
    answer = here.ask(f"/reports/{RUN}/report.json")
    assert answer
    answer.done()
    with pytest.raises(ValueError, match="closed file"):
        next(iter(answer.body))


@pytest.mark.parametrize(
    "path",
    [
        "/reports/../netpatrol.db",
        "/reports/%2e%2e/netpatrol.db",
        "/reports/..%2fnetpatrol.db",
        "/reports/./report.json",
        f"/reports/{RUN}/..%2f..%2fnetpatrol.db",
        f"/reports/{RUN}/../../netpatrol.db",
        f"/reports/{RUN}/%2e%2e",
        f"/reports/{RUN}%00/report.json",
        f"/reports/{RUN}/report.json%00.html",
        f"/reports/{RUN}/REPORT.JSON",
        f"/reports/{RUN}/notes.txt",
        f"/reports/{RUN}/.hidden",
        f"/reports/{RUN}/folder.html",
        f"/reports/{RUN}/link.json",
        "/reports/linked/netpatrol.json",
        "/reports/%2fetc/passwd",
        "/reports//etc/passwd",
        "/reports/readme.html",
        "/reports/\x1b[2J/x.html",
    ],
)
def test_nothing_else_is_served(here: Here, tmp_path: Path, path: str):
    reports, outside = here.folder / "reports", tmp_path / "outside"
    outside.mkdir()
    (outside / "netpatrol.json").write_text("{}")
    (reports / RUN / "link.json").symlink_to(outside / "netpatrol.json")
    (reports / "linked").symlink_to(outside)
    (reports / RUN / "folder.html").mkdir()
    (reports / RUN / "notes.txt").write_text("x")
    (reports / RUN / ".hidden").write_text("x")
    (reports / "readme.html").write_text("x")
    answer = here.ask(path)
    said = b"".join(answer.body).decode() if answer else ""
    assert answer is None or answer.status == 404
    assert answer is None or said.startswith("there is no report '")
    assert said.count("\n") <= 1
    assert "\x1b" not in said


@pytest.mark.parametrize("path", ["/reports", f"/reports/{RUN}", f"/reports/{RUN}/report.json"])
def test_a_folder_that_cannot_be_read_is_told_without_its_place(
    here: Here, path: str, caplog: pytest.LogCaptureFixture
):
    (here.folder / "reports").rename(here.folder / "aside")
    (here.folder / "reports").write_text("no folder")
    line = here.page(path, 503)
    assert line == "the store or its reports cannot be read now: try again, or see the log\n"
    assert "no page of reports: " in caplog.text
    assert str(here.folder) in caplog.text


# ---- whose runs ----


@pytest.mark.parametrize(
    ("sites", "customer", "site"),
    [
        ({}, "", ""),
        ({"hq": "acme"}, "Acme", "HQ"),
        ({"gone": "gone too"}, "gone too", "gone"),
        ({"s1": "x", "s2": "x", "s3": "y"}, "x, y", "s1, s2, s3"),
        ({"s1": "x", "s2": "x", "s3": "y", "s4": "y"}, "x, y", "s1, s2, s3 … (4)"),
    ],
)
def test_a_run_is_of_the_sites_it_was_at_whatever_the_inventory_says_now(
    here: Here, sites: dict[str, str], customer: str, site: str
):
    record(here.store, Run(id="one", started_at=NOW, finished_at=NOW, sites=sites))
    columns, rows = _listed(here)
    row = next(row for row in rows if row["run"] == "one")
    assert (row["customer"], row["site"]) == (customer, site)
    assert list(columns)[:4] == ["run", "at", "customer", "site"]


def _listed(here: Here) -> tuple[dict[str, str], list[dict[str, object]]]:
    asked = views.Asked(parts=("reports",), lang="en")
    view = views.run_list(here.store.runs(), lambda run: [], here.pages.known, asked)
    return view["columns"], view["rows"]  # type: ignore[return-value]


def test_a_report_may_be_asked_for_while_the_store_is_gone(here: Here):
    (here.folder / "netpatrol.db").unlink()
    assert "设备巡检报告" in here.page(f"/reports/{RUN}/report.zh.html")


def test_sites_are_named_as_the_inventory_does_now(here: Here):
    here.inventory = replace(KNOWN, sites={"hq": replace(SITE, title=Text("新", "New"))})
    assert "New" in Texts(here.page("/reports?lang=en")).words
