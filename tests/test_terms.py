"""Notes on terms, symbols, citations and equations: how the notation page is read, and how the notes show and go."""

import re
import sys
import time

import pytest
from pages import PHONE, ROOT, SITE, browser, open_page, site

sys.path.insert(0, str(ROOT / "book" / "_extensions"))
import tgsh_terms

__all__ = ["browser", "site"]  # fixtures


@pytest.mark.parametrize(
    ("heading", "terms"),
    [
        ("Task stream", ["Task stream"]),
        ("LSH, locality sensitive hashing", ["LSH", "locality sensitive hashing"]),
        ("Task-, domain-, class-incremental", ["Task-incremental", "domain-incremental", "class-incremental"]),
    ],
)
def test_a_heading_names_its_terms(heading, terms):
    assert tgsh_terms.spellings(heading) == terms


def test_the_longest_term_is_found_in_every_spelling():
    known = dict.fromkeys(["Task", "Task stream", "LSH", "Eq. 1", "bucket", "GSH"])
    pattern = tgsh_terms.Notation(known, {}).pattern()
    text = "Tasks of two task\nstreams by LSH, not lsh or T-GSH; Eq. 1 is not Eq. 12; multitask; Buckets"
    found = [tgsh_terms.key(match[0], known) for match in pattern.finditer(text)]
    assert found == ["Task", "Task stream", "LSH", "Eq. 1", "bucket"]


def test_other_meanings_are_no_mentions():
    pages = [ROOT / f"{page}.ipynb" for page in tgsh_terms.OTHER_SYMBOLS]
    assert [page.name for page in pages if not page.exists()] == []
    pattern = tgsh_terms.Notation({"Precision": None, "Profile": None}, {}).pattern()
    found = [match[0] for match in pattern.finditer("precision in single precision, from the similarity profile")]
    assert found == ["precision", "single precision", "similarity profile"]


def mentions(html):
    return re.findall(r'<a class="[^"]*tgsh-term[^"]*" href="notation\.html#([^"]+)"', html)


def test_every_mention_leads_to_an_entry_that_has_a_note_on_the_page(site):
    anchors = set(re.findall(r'id="([^"]+)"', (SITE / "book" / "notation.html").read_text(encoding="utf-8")))
    explained = 0
    for path in (SITE / "book").glob("*.html"):
        html = path.read_text(encoding="utf-8")
        notes = re.findall(r'<div data-note="([^"]+)">', html)
        assert sorted(set(mentions(html))) == sorted(notes), path.name
        assert set(notes) <= anchors
        terms = [name for name in mentions(html) if name.startswith("term-")]
        assert len(terms) == len(set(terms)), path.name  # the first mention only
        explained += len(notes)
    assert explained > 100
    assert html.count("Local neuromodulation: one learned vector") <= 1


def test_no_heading_code_or_table_head_holds_a_mention(site):
    for path in (SITE / "book").glob("*.html"):
        html = path.read_text(encoding="utf-8")
        for part in re.findall(
            r"<(?:h\d|pre|code|thead|figcaption)\b.*?</(?:h\d|pre|code|thead|figcaption)>", html, re.S
        ):
            assert "tgsh-term" not in part, path.name


def note(browser):
    return browser.find_element("id", "tgsh-note")


def is_shown(browser, expected, seconds=2):
    """Whether the note is there (or not), as expected, soon."""
    end = time.monotonic() + seconds
    while note(browser).is_displayed() != expected and time.monotonic() < end:
        time.sleep(0.02)
    return note(browser).is_displayed() == expected


def press(browser, key):
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(key).perform()


PLACES = {
    "term": ("book/t-gsh", ".bd-article a[href$='#term-crwn-configurable-random-weight-network']"),
    "symbol": ("book/t-gsh", ".bd-article a[href$='#symbol-g-t']"),
    "citation": ("book/t-gsh", ".bd-article a[data-citation]"),
    "equation": ("book/why-geometry-repeats", ".bd-article a.reference[href^='#equation-']"),
}
SAYS = {
    "term": "fixed random weights",
    "symbol": "Global neuromodulation: one learned number for task",
    "citation": "Hong and Theodore P. Pavlic",
}


@pytest.fixture(scope="module", params=list(PLACES))
def opened(request, browser, site):
    """The kind of a mention, and its selector, on an open page."""
    page, selector = PLACES[request.param]
    browser.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})  # a window in front
    _, errors = open_page(browser, f"{site}/{page}.html")
    assert errors == []
    return request.param, selector


@pytest.fixture
def mention(opened, browser):
    """The kind of a mention, and the mention, in the middle of the window, pointer and focus elsewhere."""
    from selenium.webdriver.common.actions.action_builder import ActionBuilder

    kind, selector = opened
    found = browser.find_element("css selector", selector)
    away = ActionBuilder(browser)
    away.pointer_action.move_to_location(640, 4)
    away.perform()
    browser.execute_script("document.activeElement.blur(); arguments[0].scrollIntoView({block: 'center'})", found)
    assert is_shown(browser, False)
    return kind, found


def says(browser, kind):
    if kind == "equation":
        return bool(note(browser).find_elements("tag name", "mjx-container"))
    return SAYS[kind] in note(browser).text


def test_a_note_shows_on_focus_and_closes_on_escape(browser, mention):
    from selenium.webdriver.common.keys import Keys

    kind, place = mention
    browser.execute_script("arguments[0].focus({preventScroll: true})", place)
    assert is_shown(browser, True)
    assert says(browser, kind)
    assert place.get_attribute("aria-describedby") == "tgsh-note"
    assert note(browser).get_attribute("role") == "tooltip"
    press(browser, Keys.ESCAPE)
    assert is_shown(browser, False)
    assert place.get_attribute("aria-describedby") is None
    assert browser.switch_to.active_element == place  # the reader goes on from where they were


def test_a_note_goes_when_the_focus_does(browser, mention):
    from selenium.webdriver.common.keys import Keys

    _, place = mention
    browser.execute_script("arguments[0].focus({preventScroll: true})", place)
    assert is_shown(browser, True)
    browser.execute_script("document.querySelector('.bd-sidebar-primary a').focus()")
    assert is_shown(browser, False)
    press(browser, Keys.TAB)  # by keyboard a mention is a stop like any link
    assert place.get_property("tabIndex") == 0


def test_a_note_shows_on_hover_stays_under_the_pointer_and_closes_on_escape(browser, mention):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    kind, place = mention
    ActionChains(browser).move_to_element(place).perform()
    assert is_shown(browser, True)
    assert says(browser, kind)
    ActionChains(browser).move_to_element(note(browser)).pause(0.6).perform()
    assert note(browser).is_displayed()
    press(browser, Keys.ESCAPE)
    assert is_shown(browser, False)
    ActionChains(browser).move_by_offset(3, 3).move_to_element(place).perform()
    assert is_shown(browser, True)
    browser.execute_script("arguments[0].blur()", place)
    ActionChains(browser).move_to_element(browser.find_element("css selector", ".bd-sidebar-primary")).perform()
    assert is_shown(browser, False)


def test_a_page_with_a_note_is_accessible_and_typeset(browser, mention):
    from test_browser import AUDIT, AXE, cannot

    kind, place = mention
    if kind not in ("term", "equation"):
        return  # they look the same
    theme = "dark" if kind == "term" else "light"
    set_theme = "for (const key of ['theme', 'mode']) document.documentElement.dataset[key] = arguments[0]"
    browser.execute_script(set_theme, theme)
    browser.execute_script("arguments[0].focus({preventScroll: true})", place)
    assert is_shown(browser, True)
    time.sleep(0.4)  # colours fade over, formulas are set
    for formula in note(browser).find_elements("css selector", ".math"):
        assert formula.find_elements("tag name", "mjx-container"), formula.text
    if not AXE.exists():
        cannot("no axe-core: `tools/fetch_assets.py .test-assets --tests`")
    found = browser.execute_async_script(AUDIT, AXE.read_text(encoding="utf-8"))
    browser.execute_script(set_theme, "light")
    assert found == []


def test_a_note_fits_a_phone(browser, mention):
    _, place = mention
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        browser.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].focus()", place)
        assert is_shown(browser, True)
        left, right = browser.execute_script(
            "const b = document.getElementById('tgsh-note').getBoundingClientRect(); return [b.left, b.right]"
        )
        assert left >= 0
        assert right <= 390
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_notes_show_from_a_file_too(browser, site):
    page, selector = PLACES["term"]
    browser.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
    open_page(browser, (SITE / f"{page}.html").as_uri())
    browser.execute_script("document.querySelector(arguments[0]).focus()", selector)
    assert is_shown(browser, True)
