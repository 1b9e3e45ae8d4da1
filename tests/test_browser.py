"""The site as a browser shows it: `make render`, opened in Debian's chromium (see `pages`)."""

import re
import time
from urllib.parse import urlsplit

import pytest
from pages import PHONE, ROOT, SITE, at_rest, browser, cannot, open_page, probe, site

__all__ = ["browser", "site"]  # fixtures

NAMES = re.findall(r"(?:file|root): *(\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]'


@pytest.fixture(scope="module", params=[*NAMES, "search", "genindex"])
def page(request, browser, site):
    """An open page: the browser, with what the page asked for and complained of while it loaded."""
    browser.asked, browser.errors = open_page(browser, f"{site}/{request.param}.html")
    browser.site, browser.path = site, SITE / f"{request.param}.html"
    return browser


def explorers(browser):
    return browser.find_elements("css selector", ".widget-subarea .tgsh-explorer")


def shown(explorer):
    return explorer.find_element("tag name", "img")


def picture(explorer):
    return shown(explorer).get_attribute("src")


def changes(explorer, act, *arguments):
    """Whether the picture is another one soon after ``act``, and is there."""
    before = picture(explorer)
    act(*arguments)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        shown = explorer.find_elements("tag name", "img")
        if shown and shown[0].get_attribute("src") != before and shown[0].is_displayed():
            return True
        time.sleep(0.02)
    return False


# every page


AXE = ROOT / ".test-assets" / "axe-core" / "axe.min.js"
AUDIT = """
const [script, done] = arguments;
(0, eval)(script);
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
axe.run(document, { runOnly: rules, resultTypes: ["violations"] }).then(({ violations }) =>
  done(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`))));
"""


def test_the_page_is_accessible(page):
    if not AXE.exists():
        cannot("no axe-core: `tools/fetch_assets.py .test-assets --tests`")
    assert page.execute_async_script(AUDIT, AXE.read_text(encoding="utf-8")) == []


def test_no_error_in_the_console(page):
    assert page.errors == []


def test_nothing_is_asked_of_another_host(page):
    hosts = [url for url in page.asked if urlsplit(url).scheme not in ("data", "blob", "chrome")]
    assert [url for url in hosts if not url.startswith(page.site)] == []


def test_mathematics_is_typeset(page):
    assert probe(page, "badlySet()") == []


def test_pictures_are_there_and_have_alt_text(page):
    pictures = "return [...document.images].map(i => [i.alt, i.src, i.naturalWidth, !!i.closest('article')])"
    for alt, source, width, in_article in page.execute_script(pictures):
        assert alt, source[:200]
        assert width > 0, source[:200]
        assert not in_article or len(alt) > 20, alt


def test_explorers_replace_their_first_frame(page):
    views = page.find_elements("css selector", VIEWS)
    assert len(explorers(page)) == len(views)
    assert not any(frame.is_displayed() for frame in page.find_elements("class name", "first-frame"))
    html = page.path.read_text()
    assert len(re.findall(r'<img alt="[^"]{20,}"[^>]*first-frame[^>]*/>\s*<script type=[^>]*widget-view', html)) == len(
        views
    )


def test_controls_stand_close_to_their_picture(page):
    for explorer in explorers(page):
        top = explorer.rect["y"]
        picture_at = explorer.find_element("tag name", "img").rect["y"]
        assert picture_at - top < 150


def test_every_slider_and_menu_answers_the_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    for explorer in explorers(page):
        for handle in explorer.find_elements("class name", "noUi-handle"):
            is_last = float(handle.get_attribute("aria-valuenow")) >= float(handle.get_attribute("aria-valuemax"))
            assert changes(explorer, handle.send_keys, Keys.ARROW_LEFT if is_last else Keys.ARROW_RIGHT)
            assert handle.get_attribute("aria-label")
            slider = handle.find_element("xpath", "ancestor::*[contains(@class, 'widget-slider')]")
            assert handle.get_attribute("aria-valuetext") == slider.find_element("class name", "widget-readout").text
        for menu in explorer.find_elements("tag name", "select"):
            is_last = int(menu.get_property("selectedIndex")) == len(menu.find_elements("tag name", "option")) - 1
            assert changes(explorer, menu.send_keys, Keys.ARROW_UP if is_last else Keys.ARROW_DOWN)


def test_every_slider_menu_and_player_answers_the_mouse(page):
    from selenium.webdriver import ActionChains

    for explorer in explorers(page):
        for slider in explorer.find_elements("class name", "noUi-base"):
            handle = slider.find_element("class name", "noUi-handle")
            position = float(handle.get_attribute("aria-valuenow")) / float(handle.get_attribute("aria-valuemax"))
            aim = slider.size["width"] * (0.3 if position < 0.5 else -0.3)  # to four fifths, or one fifth
            click = ActionChains(page).move_to_element_with_offset(slider, int(aim), 0).click()
            assert changes(explorer, click.perform)
            time.sleep(0.4)  # the handle glides to where the track was clicked
            drag = ActionChains(page).click_and_hold(handle).move_by_offset(int(-2 * aim), 0).release()  # few positions
            assert changes(explorer, drag.perform)
        for menu in explorer.find_elements("tag name", "select"):
            others = [option for option in menu.find_elements("tag name", "option") if not option.is_selected()]
            assert changes(explorer, others[-1].click)
        for player in explorer.find_elements("class name", "jupyter-widget-play"):
            start, stop = player.find_elements("tag name", "button")[:2]
            assert changes(explorer, start.click)
            stop.click()


def first_control(explorer):
    """The handle of the first slider, or the first menu where there is no slider; *Home* and *End* move either."""
    return explorer.find_element("css selector", ".noUi-handle, select")


def test_every_frame_says_what_it_shows_itself(page):
    from selenium.webdriver.common.keys import Keys

    for explorer in explorers(page):
        handle = first_control(explorer)
        said = []
        for key in (Keys.HOME, Keys.END):
            changes(explorer, handle.send_keys, key)
            said.append(explorer.find_element("tag name", "img").get_attribute("alt"))
        assert min(map(len, said)) > 20
        assert said[0] != said[1]


def test_the_page_does_not_jump_when_a_picture_changes(page):
    from selenium.webdriver.common.keys import Keys

    for explorer in explorers(page):
        probe(page, "watchHeight(arguments[0])", explorer)
        handle = first_control(explorer)
        changes(explorer, handle.send_keys, Keys.HOME)
        changes(explorer, handle.send_keys, Keys.END)
        assert len(page.execute_script("return [...window.heights]")) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_captions_and_labels_are_readable(page, theme):
    set_theme = "for (const key of ['theme', 'mode']) document.documentElement.dataset[key] = arguments[0]"
    page.execute_script(set_theme, theme)
    at_rest(page)  # colours fade over
    assert probe(page, "faint('article :not(.headerlink)')") == []
    assert probe(page, "unreadable()") == []
    page.execute_script(set_theme, "light")


def test_nothing_scrolls_sideways_on_a_phone(page):
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        at_rest(page)
        assert page.execute_script("return document.documentElement.scrollWidth") <= 390, probe(page, "wide()")
        # an explorer's frames keep a width at which they can be read, in a box that the keyboard reaches
        for explorer in explorers(page):
            box = explorer.find_element("css selector", ":scope > .widget-box:has(img)")
            assert shown(explorer).rect["width"] > 500 > box.rect["width"]
            assert box.get_property("tabIndex") == 0
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_page_weighs_at_most_3_MB(page):
    # the page itself, its widgets in it, and its pictures; the scripts are loaded once for all pages
    html = page.path
    sources = set(re.findall(r'<img [^>]*src="([^":]+)"', html.read_text()))
    assert html.stat().st_size + sum((html.parent / source).stat().st_size for source in sources) < 3_000_000


# the site


def test_the_site_weighs_at_most_60_MB(site):
    # 1.4 MB of it are the live network
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < 60_000_000


def test_a_recorded_number_is_found(browser, site):
    open_page(browser, f"{site}/book/numbers.html")
    field = browser.find_element("css selector", ".tgsh-find input")
    everything = len(browser.find_elements("css selector", ".tgsh-numbers tbody tr"))
    field.send_keys("half_a t-gsh")
    shown = [row for row in browser.find_elements("css selector", ".tgsh-numbers tbody tr") if row.is_displayed()]
    assert 0 < len(shown) < 20 < everything
    assert all("t-gsh" in row.text and "half_a" in row.text for row in shown)
    said = browser.find_element("css selector", ".tgsh-find output").text
    assert said == f"{len(shown)} of {everything}"
    file = SITE / "book" / "numbers.csv"
    assert len(file.read_text(encoding="utf-8").splitlines()) == everything + 1


def test_search_finds_what_is_written(browser, site):
    open_page(browser, f"{site}/search.html?q=rotation")
    end = time.monotonic() + 5
    while not browser.find_elements("css selector", "#search-results li a") and time.monotonic() < end:
        time.sleep(0.1)
    assert browser.find_elements("css selector", "#search-results li a")


@pytest.mark.parametrize("name", NAMES)
def test_pages_work_as_files(browser, site, name):
    asked, errors = open_page(browser, (SITE / f"{name}.html").as_uri())
    assert errors == []
    assert {urlsplit(url).scheme for url in asked} <= {"file", "data", "blob", "chrome"}
    views = browser.find_elements("css selector", VIEWS)
    assert len(explorers(browser)) == len(views)
    formulas = browser.find_elements("css selector", "article span.math, article div.math")
    assert bool(formulas) == bool(browser.find_elements("tag name", "mjx-container"))
