"""The pages in a real browser: Debian's Chromium, or that of $CHROMIUM."""

from __future__ import annotations

import os
import shutil

import pytest

from fink_tracklets import read_table
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.night import open_night
from tests.serving import serving
from tests.stores import fits_file, later_tables, write_night

NIGHT, NAME = "20211022", "TRCK_20211022_150000_00"


@pytest.fixture(scope="module")
def browser():
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        assert not os.environ.get("CI"), "with CI=true a browser is required: install chromium"
        pytest.skip("no browser: install Debian's chromium, or name one in $CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    store = tmp_path_factory.mktemp("pages")
    write_night(store, "20211021", 0, 0)
    write_night(store, NIGHT, 4, 6)
    with serving(store) as address:
        yield address


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    """The same night after satellites and flashes were looked for."""
    store = tmp_path_factory.mktemp("matched")
    write_night(store, NIGHT, 4, 6)
    members = read_table(store, "tracklet_alerts", NIGHT).to_pylist()
    alert = next(row for row in members if row["tracklet"] == NAME)
    amend_night(open_night(store, NIGHT), later_tables(NAME, alert, fits_file(0)))
    with serving(store) as address:
        yield address


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def page(browser, request):
    context = browser.new_context(viewport={"width": request.param, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert [error for error in errors if "status of 40" not in error] == []


def fits(page) -> bool:
    """Whether nothing is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_from_the_calendar_to_a_tracklet(page, address):
    page.goto(address)
    assert page.locator("h1").inner_text() == "Nights"
    assert fits(page)
    page.get_by_role("link", name=f"{NIGHT}: 4 tracklets").click()
    assert page.locator("h1").inner_text() == f"Night {NIGHT}"
    assert page.locator("svg .glint").count() == 4
    assert fits(page)
    page.locator("table").get_by_role("link", name=NAME).click()
    assert page.locator("h1").inner_text() == NAME
    assert page.locator("svg").first.locator(".glint").count() == 6
    assert fits(page)


def test_from_a_satellite_to_its_light_curve(page, matched):
    page.goto(matched)
    page.get_by_role("link", name="Satellites", exact=True).click()
    assert fits(page)
    page.locator("table").get_by_role("link", name="THAICOM 2").click()
    assert page.locator("h1").inner_text() == "THAICOM 2 (23314)"
    assert fits(page)
    page.locator("table").get_by_role("link", name=NAME).click()
    assert "made by THAICOM 2, which flashes every 1.5 s" in page.locator(".lead").inner_text()
    assert fits(page)
    curve = page.get_by_role("img", name="Light curve: 2 points")
    ring, dot = curve.locator(".ring"), curve.locator(".glint:not(.ring)")
    assert ring.bounding_box()["x"] < dot.bounding_box()["x"]  # it moves against the track
    assert ring.bounding_box()["y"] > dot.bounding_box()["y"]
    assert page.get_by_text("predicted path of the satellite").is_visible()


def test_search(page, address):
    for text, head in (
        (NIGHT, f"Night {NIGHT}"),
        (NAME, NAME),
        ("2021-10-22 15", NAME),
        ("2021-10-22", "Tracklets found"),
        ("TRCK_20211022_1500", NAME),
        ("nowhere", "Not found"),
        ("25544", "Not found"),
    ):
        page.goto(address)
        page.get_by_label("Night, tracklet or satellite").fill(text)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: not url.endswith("/"))
        assert page.locator("h1").inner_text() == head, text


def test_sorting_and_filtering_by_keyboard(page, address):
    page.goto(f"{address}/night/{NIGHT}")
    table = page.locator("table.sortable")

    def column(k: int) -> list[str]:
        return table.locator(f"tbody tr:visible td:nth-child({k})").all_inner_texts()

    head = table.get_by_role("button", name="RA °")
    head.focus()
    page.keyboard.press("Enter")
    assert table.locator("th").nth(4).get_attribute("aria-sort") == "ascending"
    assert column(5) == sorted(column(5), key=float)
    page.keyboard.press("Space")
    assert column(5) == sorted(column(5), key=float, reverse=True)
    page.get_by_label("Only rows with").fill("150000")
    assert column(1) == [NAME]
    assert page.locator("output").inner_text() == "1 of 4"


def test_alerts_sort_by_ids_that_numbers_would_round(page, address):
    page.goto(f"{address}/tracklet/{NAME}")
    table = page.locator("table.sortable").last
    ids = table.locator("tbody td:nth-child(1)")
    head = table.get_by_role("button", name="Alert")
    for turn in range(2):
        head.click()
        shown = ids.all_inner_texts()
        assert len({float(one) for one in shown}) < len(shown)
        assert shown == sorted(shown, key=int, reverse=bool(turn))


def test_download(page, address):
    page.goto(f"{address}/tracklet/{NAME}")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    download = started.value
    assert download.suggested_filename == "tracklets.csv"
    with open(download.path()) as file:
        assert len(file.readlines()) == 7


def test_an_empty_night_and_an_unknown_name(page, address):
    page.goto(f"{address}/night/20211021")
    assert page.get_by_text("No tracklets were found.").is_visible()
    for path, sentence in (
        ("/tracklet/TRCK_20211022_150000_77", "has no tracklet TRCK_20211022_150000_77"),
        ("/tracklet/nonsense", "is not a tracklet's name"),
        ("/night/19990101", "has no night 19990101"),
        ("/elsewhere", "nothing at this address"),
    ):
        page.goto(f"{address}{path}")
        assert page.get_by_text(sentence).is_visible()


def test_without_javascript_the_essentials_are_there(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/night/{NIGHT}")
    assert page.locator("table.sortable tbody tr").count() == 4
    page.goto(f"{address}/tracklet/{NAME}")
    assert page.locator("svg .glint").count() == 12
    assert page.get_by_role("img", name="Magnitude along the track").is_visible()
    context.close()


def test_screen_readers_find_names_for_everything(page, matched):
    paths = ("/", f"/night/{NIGHT}", f"/tracklet/{NAME}", "/satellites", "/satellite/5", "/api")
    for path in paths:
        page.goto(f"{matched}{path}")
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll('a, button, input, img, svg, meter')].filter(
            e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.alt
              || e.querySelector('img[alt]') || (e.labels && e.labels.length))
            ).map(e => e.outerHTML)"""
        )
        assert unnamed == []
        assert page.locator("main h1").count() == 1
        assert page.locator("html").get_attribute("lang") == "en"
