"""Every link of a dashboard to netpatrol leads to a page it serves, in the dashboard's language."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from agent.exposition.server import Served, serve
from agent.metrics import Metrics
from collectors.vocabulary import VOCABULARY
from tests.agent.exposition.paged import NUMBER, RUN, data_folder
from tests.dashboards import boards

FILLED = {"tickets": NUMBER, "reports": RUN}  # what stands in a cell that leads to one


def linked(name: str) -> set[str]:
    """Return the paths that a dashboard's links to netpatrol ask for, their values filled in."""
    return {
        path.replace(boards.HERE, FILLED[path.split("/")[1]]) if boards.HERE in path else path
        for path in boards.pages(boards.read(name))
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with data_folder(tmp_path_factory.mktemp("data")) as here:
        handle = serve(Metrics(VOCABULARY, version="1"), "127.0.0.1", 0, pages=here.pages)
        yield handle
        handle.close()


def ask(served: Served, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize("name", boards.NAMES)
def test_every_link_to_netpatrol_leads_to_a_page_of_the_same_language(name: str, served: Served):
    lang = name.partition("/")[0]
    paths = linked(name)
    assert {f"/tickets?lang={lang}", f"/reports?lang={lang}"} <= paths
    for path in paths:
        assert "$" not in path
        status, page = ask(served, path)
        assert status == 200, path
        assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in page, path


def test_tickets_and_reports_are_linked_one_by_one():
    every = set().union(*(linked(name) for name in boards.NAMES if name.startswith("en/")))
    assert every == {
        "/tickets?lang=en",
        "/reports?lang=en",
        f"/tickets/{NUMBER}?lang=en",
        f"/reports/{RUN}/report.en.html",
    }


@pytest.mark.parametrize("link", ["/tickets", "/reports"])
def test_the_index_links_to_the_pages(served: Served, link: str):
    status, page = ask(served, "/")
    assert status == 200
    assert f'href=".{link}"' in page
    assert ask(served, link)[0] == 200


def test_what_is_here_is_said_where_something_is_not(served: Served):
    assert ask(served, "/nothing")[1].endswith("/-/ready, /tickets, /reports are here\n")


@pytest.mark.parametrize("path", ["/tickets", "/reports", "/tickets/T-1"])
def test_a_server_without_a_store_has_no_pages(path: str):
    handle = serve(Metrics(VOCABULARY, version="1"), "127.0.0.1", 0)
    assert ask(handle, path) == (404, "not found: /, /metrics, /probe, /sd, /-/healthy, /-/ready are here\n")
    handle.close()


def test_the_document_names_the_forms_of_the_links():
    text = (Path(__file__).parents[2] / "docs" / "dashboards.md").read_text("utf-8")
    assert "<netpatrol_url>/tickets/<number>" in text
    assert "<netpatrol_url>/reports/<run>/report.zh.html" in text
