"""Two explanations side by side on the page, in a real browser.

The explainer of these tests answers every question alike, so both maps are the same; what was
recorded of the frames differs.
"""

import pytest
from chromium import CHROMIUM
from made_run import made_run, running

from road_clarity.service.web.api import Api
from road_clarity.service.web.server import PageServer

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; apt-get install chromium"
)
FIRST, SECOND, THIRD = (f"000{i}-corridor-person" for i in (1, 2, 3))
FORM = "document.querySelector('#comparison form')"
CHOICES = f"[...{FORM}.querySelectorAll('select')]"  # by, model; what, by, model
TEXT = "document.querySelector('#comparison').textContent"
DONE = f"!{FORM}.querySelector('button').disabled && document.querySelector('#comparison table')"
TOLD = f"{FORM}.querySelector('[role=status]').textContent"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with running(made_run(tmp_path_factory.mktemp("served") / "run")) as server:
        page = PageServer(0)
        page.start(Api(server.asked))
        yield page.url
        page.stop()


@pytest.fixture
def page(browser, address):
    """The page with its first event explained; afterwards nothing may have been complained of."""
    browser.ask("Page.navigate", url="about:blank")
    browser.complaints.clear()
    browser.open(address)
    browser.until("document.querySelector('#maps ul')")
    browser.until(f"{CHOICES}[1].options.length > 1")  # the world models are known
    yield browser
    # The scenes of this run lie nowhere among all scenes, which the browser reports as a refusal.
    assert [one for one in browser.complaints if "SearchSimilarEvents" not in one] == []


def compare(page, **choices):
    """Choose, by the place of the list, and press the button."""
    for place, value in choices.items():
        page.run(f"{CHOICES}[{place[1:]}].value = '{value}'")
    page.run(f"{FORM}.dispatchEvent(new Event('change'))")
    page.run(f"{FORM}.requestSubmit()")


def rows(page, name):
    """The cells of a table."""
    return page.run(
        f"[...document.querySelectorAll('#comparison [aria-label^=\"{name}\"] tbody tr')]"
        ".map((row) => [...row.children].map((cell) => cell.textContent))"
    )


def pictures(page):
    return page.run(
        "[...document.querySelectorAll('#comparison .beside')].map((side) =>"
        " [...side.querySelectorAll('.card strong')].map((one) => one.textContent))"
    )


def test_another_event_stands_beside_with_maps_shares_and_verdicts(page):
    offered = page.run(f"[...{CHOICES}[2].options].map((one) => one.value)")
    assert offered == [SECOND, THIRD, "same", "frame"]
    compare(page, _2=SECOND)
    page.until(DONE)
    assert rows(page, "Maps") == [
        ["error map", "1.00: nearly the same order of places", "100 %: mostly the same places"]
    ]
    assert rows(page, "Recorded shares") == [
        ["corridor.person", "0.80", "0.40", "▼ −0.40", "weighs less beside it"],
        ["all reasons", "0.80", "0.40", "▼ −0.40", "the scores, and their difference"],
    ]
    verdict = "lost at encoder.2, dead channel"
    assert rows(page, "Verdicts") == [["person 7, corridor.person", verdict, verdict, "the same"]]
    assert "channels that always spoke are silent" in page.run(TEXT)
    page.until(
        "document.querySelectorAll('#comparison .beside')[1].querySelectorAll('.card').length === 3"
    )
    doubt = "✗ No better than chance, do not rely on it. "
    assert pictures(page) == [["Frame", "Error map", doubt, "Reconstruction"]] * 2


def test_a_frame_of_the_run_stands_beside_by_its_number(page):
    compare(page, _2="frame")
    assert page.run(f"{FORM}.querySelector('[type=number]').value") == "2"
    page.run(f"{FORM}.querySelector('[type=number]').value = '0'")
    compare(page)
    page.until(DONE)
    assert rows(page, "Recorded shares")[0] == [
        "corridor.person", "0.80", "0.00", "▼ −0.80", "speaks only on this side",
    ]  # fmt: skip
    assert rows(page, "Verdicts")[0][::3] == ["person 7", "the same"]


def test_two_methods_are_compared_map_by_map(page):
    compare(page, _2="same", _3="eigen_cam")
    page.until(DONE)
    assert [row[0] for row in rows(page, "Maps")][:2] == [
        "error map and lanes", "error map and segmentation",
    ]  # fmt: skip
    assert "so what was recorded of it is the same" in page.run(TEXT)
    assert "Verdicts come with the world model's error, on both sides." in page.run(TEXT)
    assert page.run(f"{CHOICES}[4].disabled")  # Eigen-CAM asks no world model


def test_two_world_models_are_compared(page):
    models = page.run(f"[...{CHOICES}[4].options].map((one) => one.value)")
    assert {"", "vae_edge", "rg_edge"} <= set(models)
    assert not {"scnn_edge", "lstm_edge", "anomaly_edge"} & set(models)
    compare(page, _2="same", _3="reconstruction_error", _4="rg_edge")
    page.until(DONE)
    assert "(rg_edge)" in page.run(TEXT)
    assert "grpcurl" in page.run("document.querySelector('#origin pre').textContent")
    assert '"model":"rg_edge"' in page.run("document.querySelector('#origin pre').textContent")


def test_a_side_is_not_compared_with_itself(page):
    compare(page, _2="same")
    page.until(f"{TOLD}.startsWith('Both sides are the same')")
    assert page.run("document.querySelector('#comparison table')") is None


def test_what_the_server_refuses_is_said(page):
    page.run(f"{FORM}.noValidate = true")  # else the browser itself refuses the number
    compare(page, _2="same", _4="rg_edge")
    page.until(DONE)
    page.run(f"{FORM}.querySelector('[type=number]').value = '99'")
    compare(page, _2="frame", _4="")
    page.until(f"{TOLD} === 'index: no frame of the run, which goes from 0 to 9'")
    assert page.run("document.querySelector('#comparison table')") is None
    page.complaints.clear()  # of the browser, that an answer was a refusal


def test_another_event_takes_the_comparison_away(page):
    compare(page, _2=SECOND)
    page.until(DONE)
    page.run(f"document.querySelector('[data-event=\"{THIRD}\"] button').click()")
    page.until(f"{CHOICES}[2].options[0].value === '{FIRST}'")
    assert page.run("document.querySelector('#comparison table')") is None


@pytest.mark.parametrize("width", [1280, 820, 600, 400])
def test_both_sides_fit_side_by_side(page, width):
    compare(page, _2=SECOND)
    page.until(DONE)
    page.resize(width, 900)
    assert page.run("document.documentElement.scrollWidth") == width
    lefts = page.run(
        "[...document.querySelectorAll('#comparison .beside')]"
        ".map((one) => one.getBoundingClientRect().left)"
    )
    assert lefts[0] < lefts[1]
