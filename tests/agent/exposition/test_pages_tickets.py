"""What the pages of tickets say, of a real store, in both languages; and that nothing a device said acts in them."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.exposition.pages import routes, views
from agent.model import Due, Entry, Inventory, Text
from agent.store import Store, StoreLocked
from collectors.model import Device, DeviceClass, Secret, SnmpAccess
from tests.agent.exposition.paged import KNOWN, NUMBER, RUN, Here, data_folder
from tests.agent.reported import HOSTILE, NOW, SITE, Texts

TICKET = f"/tickets/{NUMBER}"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    with data_folder(tmp_path) as found:
        yield found


# ---- the list ----


@pytest.mark.parametrize("url", ["/tickets", "/tickets/", "/tickets?site=hq", "/tickets?device=sw-1&device=x"])
def test_tickets_at_work_are_listed_and_lead_to_their_pages(here: Here, url: str):
    page = Texts(here.page(url))
    assert {"处理中的工单", NUMBER, "严重", "二级", "总部", "sw-1", "cpu题", "2026-11-22 15:45"} <= set(page.words)
    (link,) = [link for link in page.links if NUMBER in link]
    assert NUMBER in here.follow(url, link)


@pytest.mark.parametrize("url", ["/tickets?site=branch", "/tickets?device=sw-2", "/tickets?site="])
def test_tickets_elsewhere_are_left_out(here: Here, url: str):
    page = here.page(url)
    assert NUMBER not in page
    assert "无相关工单" in page


def test_resolved_tickets_are_listed_if_all_are_asked_for(here: Here):
    here.store.change(NUMBER, "resolve", "Li Lei", "", NOW + timedelta(minutes=9))
    assert NUMBER not in here.page("/tickets")
    assert NUMBER not in here.page("/tickets?all=0")
    page = here.page("/tickets?all=1&lang=en")
    assert NUMBER in page
    assert "2026-11-22 15:39" in page
    assert 'href="./tickets?all=1&amp;lang=zh"' in page


def test_tickets_beyond_the_most_are_counted(here: Here, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(views, "MOST", 0)
    page = here.page("/tickets?lang=en")
    assert NUMBER not in page
    assert "1 older ones are not listed: add ?site=NAME" in page


def test_due_times_that_passed_stand_out(here: Here):
    assert 'class="late"' not in here.page("/tickets")
    here.now = NOW + timedelta(hours=1)
    assert '<td class="late">2026-11-22 15:45</td>' in here.page("/tickets")
    assert here.page("/tickets").count('class="late"') == 1


# ---- one ticket ----


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ["待处理", "二级", "某某局", "总部", "sw-1 · 交换机 · 127.0.0.1", "cpu题", "CPU 1", "95%", "上限 90%",
                "因", "议", "新发现", "sw-2", "剩余 10 分", "剩余 3 小时 55 分", "响应", "开单", "2026-11-22 15:30"]),
        ("en", ["Open", "Level 2", "Acme", "HQ", "sw-1 · Switch · 127.0.0.1", "cpu title", "CPU 1", "95%", "limit 90%",
                "because", "do this", "New", "sw-2", "10 min left", "3 h 55 min left", "Response", "opened",
                "2026-11-22 15:30"]),
    ],
)  # fmt: skip
def test_a_ticket_says_what_is_wrong_why_what_to_do_and_until_when(here: Here, lang: str, words: list[str]):
    said = set(Texts(here.page(f"{TICKET}?lang={lang}")).words)
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(
    ("minutes", "resolved", "state"),
    [
        (5, None, "10 min left"),
        (15, None, "0 s left"),
        (45, None, "30 min overdue"),
        (50, 10, "in time"),
        (50, 20, "5 min late"),
    ],
)
def test_a_clock_says_how_it_stands(here: Here, minutes: int, resolved: int | None, state: str):
    if resolved is not None:
        here.store.change(NUMBER, "acknowledge", "Li Lei", "", NOW + timedelta(minutes=resolved))
    here.now = NOW + timedelta(minutes=minutes)
    page = here.page(f"{TICKET}?lang=en")
    assert state in Texts(page).words
    assert (f'<td class="late">{state}</td>' in page) is ("overdue" in state or "late" in state)


def test_a_ticket_without_a_contract_says_that_no_times_were_promised(tmp_path: Path):
    with data_folder(tmp_path, due=Due()) as here:
        assert "合同未约定时限" in here.page(TICKET)


def test_the_history_of_a_ticket_has_who_did_what_and_said_what(here: Here):
    here.store.change(NUMBER, "pend", "王工", "备件在途 <i>", NOW + timedelta(minutes=9))
    page = here.page(TICKET)
    assert {"王工", "挂起", "备件在途 <i>", "2026-11-22 15:39"} <= set(Texts(page).words)
    assert "备件在途 &lt;i&gt;" in page


def test_a_ticket_whose_fault_came_back_says_when(tmp_path: Path):
    with data_folder(tmp_path, recurred_at=NOW - timedelta(hours=1)) as here:
        assert {"复发", "2026-11-22 14:30"} <= set(Texts(here.page(TICKET)).words)


def test_what_left_the_inventory_is_shown_by_its_name(tmp_path: Path):
    with data_folder(tmp_path, site="old-site", customer="old-customer") as here:
        here.inventory = Inventory(entries={})
        said = Texts(here.page(TICKET)).words
    assert {"old-site", "old-customer", "sw-1"} <= set(said)


def test_a_check_that_is_no_more_is_shown_by_its_name(tmp_path: Path):
    with data_folder(tmp_path, check="no_more") as here:
        assert {"no_more", "开单"} <= set(Texts(here.page(TICKET)).words)


# ---- languages ----


@pytest.mark.parametrize(
    ("spoken", "query", "title"),
    [
        (None, "", "处理中的工单"),
        ("en", "", "Tickets at work"),
        ("en", "?lang=zh", "处理中的工单"),
        (None, "?lang=en", "Tickets at work"),
    ],
)
def test_a_page_speaks_as_asked_or_as_the_inventory_says_or_chinese(here: Here, spoken, query: str, title: str):
    here.inventory = replace(KNOWN, language=spoken)
    assert f"<h1>{title}</h1>" in here.page(f"/tickets{query}")


def test_another_language_leads_to_the_same_page(here: Here):
    links = Texts(here.page("/tickets?all=1&site=hq&lang=en")).links
    (other,) = [link for link in links if "lang=zh" in link]
    assert "<h1>全部工单</h1>" in here.follow("/tickets", other)
    assert NUMBER in here.follow("/tickets", other)


def test_a_language_that_is_not_spoken_is_told_with_the_right_form(here: Here):
    right = "lang: not a language here (right form: ?lang=zh or ?lang=en)\n"
    assert here.page("/tickets?lang=fr", 400) == right


# ---- what is not there, or not now ----


@pytest.mark.parametrize("number", ["T-20261122-0002", "t-20261122-0001", "%1b[31m", "%00", "..", "%ff", "x" * 9000])
def test_a_number_that_is_no_ticket_is_told_in_one_clear_line(here: Here, number: str):
    line = here.page(f"/tickets/{number}", 404)
    assert line.startswith("there is no ticket '")
    assert line.endswith("' (right form: /tickets/T-20261122-0001; /tickets has all)\n")
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert len(line) < 300


@pytest.mark.parametrize("path", ["/", "/ticket", "/ticketsx", "/tickets/a/b", "/reports/a/b/c", "", "x"])
def test_any_other_path_is_not_theirs(here: Here, path: str):
    assert here.pages.answer(routes.Request(path=path)) is None


def test_a_store_that_is_busy_is_told_and_may_be_asked_again(here: Here, monkeypatch: pytest.MonkeyPatch):
    def locked(*_: object, **__: object) -> None:
        raise StoreLocked("the store /secret/place is locked")

    monkeypatch.setattr(Store, "tickets", locked)
    answer = here.ask("/tickets")
    assert answer
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert b"".join(answer.body) == b"the store or its reports cannot be read now: try again, or see the log\n"


@pytest.mark.parametrize("url", ["/tickets", TICKET, "/reports", f"/reports/{RUN}"])
def test_a_store_that_is_gone_is_told(here: Here, url: str):
    (here.folder / "netpatrol.db").unlink()
    here.page(url, 503)


def test_a_page_can_be_read_while_another_program_writes(here: Here):
    with sqlite3.connect(here.folder / "netpatrol.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM ticket_events")
        assert "开单" in Texts(here.page(TICKET)).words
        other.execute("ROLLBACK")
    other.close()


def test_no_more_pages_are_made_at_once_than_may_be(here: Here, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(routes, "WAIT", 0.01)
    pages = here.pages
    assert all(pages.slots.take() for _ in range(routes.AT_ONCE))
    answer = pages.answer(routes.Request(path="/tickets"))
    assert answer
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    pages.slots.give_back()
    for _ in range(2 * routes.AT_ONCE):
        assert (pages.answer(routes.Request(path="/tickets")) or answer).status == 200


def test_many_threads_may_ask_at_once(here: Here):
    pages = here.pages
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(pages.answer, [routes.Request(path=TICKET)] * 40))
    assert {answer and answer.status for answer in answers} == {200}
    assert len({b"".join(answer.body) for answer in answers if answer}) == 1


# ---- safety ----


@pytest.mark.parametrize("url", ["/tickets", TICKET, "/reports"])
def test_nothing_a_device_said_acts_in_a_page(tmp_path: Path, url: str):
    with data_folder(tmp_path, hostile=HOSTILE) as here:
        page = Texts(here.page(url))
    said = "".join(page.words)
    assert not page.tags & {"script", "img", "iframe", "object", "form", "link", "base"}
    assert not set(said) & {"\x1b", "\u202e", "\x00"}
    assert url == "/reports" or "<script>alert(1)</script>" in said
    assert all(link.startswith("./") or link.startswith("../") for link in page.links)


def test_a_title_of_the_inventory_is_text_too(here: Here):
    title = Text("<b>总部</b>", "<b>HQ</b>")
    here.inventory = replace(KNOWN, sites={"hq": replace(SITE, title=title)})
    assert "&lt;b&gt;总部&lt;/b&gt;" in here.page("/tickets")


@pytest.mark.parametrize("url", ["/tickets", TICKET, "/reports"])
def test_a_page_allows_nothing_to_be_loaded_or_run_and_is_not_kept(here: Here, url: str):
    answer = here.ask(url)
    assert answer
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_secret_of_the_inventory_is_on_a_page(here: Here):
    access = SnmpAccess(version="2c", community=Secret("hush-hush"))
    device = Device(name="sw-1", address="127.0.0.1", device_class=DeviceClass.SWITCH, snmp=access)
    here.inventory = replace(KNOWN, entries={"sw-1": Entry(device=device, site=SITE)})
    for url in ("/tickets", TICKET, "/reports", f"/reports/{RUN}"):
        assert "hush" not in here.page(url)
