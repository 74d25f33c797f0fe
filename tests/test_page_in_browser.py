"""The page in a real browser; skipped where there is none (`apt-get install chromium`)."""

import json
from dataclasses import replace

import numpy as np
import pytest
from chromium import CHROMIUM
from made_drive import made_risk, made_scene
from made_run import made_run, running

from road_clarity.safety.scene import Latent
from road_clarity.service.errors import late as refusal_late
from road_clarity.service.frame_explanation import FrameExplanations
from road_clarity.service.web.api import Api
from road_clarity.service.web.server import PageServer

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on this machine; apt-get install chromium"
)
FIRST, SECOND, THIRD = (f"000{i}-corridor-person" for i in (1, 2, 3))
HOSTILE = '<img src=x onerror="window.broken = 1"><script>window.broken = 1</script>'
CHOSEN = "document.querySelector('#event-list [aria-current]')?.closest('li').dataset.event"
SHOWN = "document.querySelector('.stage img')?.naturalWidth > 0"
FRAME = "document.querySelector('#clip .line .quiet').textContent"


def placed_scene(index, stamp_ns):
    """A scene that lies somewhere among all scenes, so that similar ones can be found."""
    scene, place = made_scene(index, stamp_ns), np.array([1.0, index], np.float32)
    return replace(scene, world=replace(scene.world, latent=Latent(place, place, "vae_edge")))


def spoiled_risk(stamp_ns, level, score):
    """At 3.0 s, in the second event, the text comes from someone who means harm."""
    risk = made_risk(stamp_ns, level, score)
    text = HOSTILE if stamp_ns == 3_000_000_000 else "person 3 is in the way"
    return replace(risk, reasons=tuple(replace(one, text=text) for one in risk.reasons))


def promised(run):
    """With what a calibration promises of every frame."""
    file = run / "frames.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows:
        row["risk"]["promise"] = {
            "state": "withdrawn", "text": "this drive is unlike the calibration clips",
            "p_value": 0.0123, "alpha": 0.05, "calibration_id": "ca11b7a7e",
        }  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return run


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("made_run.made_risk", spoiled_risk)
        patch.setattr("made_run.made_scene", placed_scene)
        run = promised(made_run(tmp_path_factory.mktemp("served") / "run"))
    with running(run) as server:
        page = PageServer(0)
        page.start(Api(server.asked))
        yield page.url
        page.stop()


@pytest.fixture
def page(browser, address):
    """The page with its first event chosen; afterwards nothing may have been complained about."""
    browser.ask("Page.navigate", url="about:blank")
    browser.complaints.clear(), browser.requests.clear()
    browser.open(address)
    browser.until(f"{CHOSEN} === '{FIRST}' && {SHOWN}")
    browser.until("document.querySelectorAll('.card').length >= 3")
    yield browser
    assert browser.complaints == []
    strangers = [one for one in browser.requests if not one.startswith((address, "data:", "blob:"))]
    assert strangers == ["about:blank"] * len(strangers)


def choose(page, event):
    page.run(f"document.querySelector('[data-event=\"{event}\"] button').click()")
    page.until(f"{CHOSEN} === '{event}' && {SHOWN}")


def press_button(page, part, words):
    """As soon as it can be pressed."""
    button = (
        f"[...document.querySelectorAll('#{part} button')]"
        f".find((one) => one.textContent.includes('{words}'))"
    )
    page.until(f"{button} && !{button}.disabled")
    page.run(f"{button}.click()")


def listed(page):
    return page.run(
        "[...document.querySelectorAll('#event-list li')].map((one) => one.dataset.event)"
    )


def test_the_worst_frame_is_shown_with_its_causes(page):
    assert listed(page) == [FIRST, SECOND, THIRD]
    assert page.run(FRAME).startswith("frame 2 ")
    assert page.run("document.querySelector('.sum').textContent") == "0.80 = 0.80, the score."
    parts = "[...document.querySelectorAll('#causes .bar .part')]"
    widths = page.run(f"{parts}.map((one) => one.style.width)")
    assert widths == ["80%"]


def test_a_filter_leaves_the_others_out(page):
    set_to = (
        "(one) => { one.value = 'high'; one.dispatchEvent(new Event('change', {bubbles: true})); }"
    )
    page.run(f"({set_to})(document.querySelector('[name=level]'))")
    page.until("document.querySelector('#event-count').textContent === '2 events'")
    assert listed(page) == [FIRST, THIRD]


def test_the_keyboard_steps_through_the_clip(page):
    page.run("document.querySelector('#clip button').focus()")
    page.press("ArrowRight")
    assert page.run(FRAME).startswith("frame 3 ")
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert page.run(FRAME).startswith("frame 1 ")


def test_the_timeline_is_a_slider(page):
    page.run("document.querySelector('#timeline').focus()")
    page.press("End")
    page.until(f"{FRAME}.startsWith('frame 9 ')")
    assert page.run("document.querySelector('#timeline').getAttribute('aria-valuenow')") == "5.4"
    assert page.run("location.hash") == "#frame=9"


def test_a_clip_plays(page):
    page.run("document.querySelector('#clip .controls button').click()")
    page.until(f"{FRAME}.startsWith('frame 3 ') || {FRAME}.startsWith('frame 4 ')")
    page.run("document.querySelector('#clip .controls button').click()")
    assert page.run("document.querySelector('#clip .controls button').textContent") == "▶ Play"


def test_an_explanation_says_where_it_comes_from(page):
    page.until("document.querySelector('#maps ul')?.textContent.includes('dead channel')")
    assert page.run("document.querySelector('#origin').textContent.includes('" + "ab" * 32 + "')")


def test_an_event_of_a_single_frame_has_nothing_to_add_up(page):
    page.until("document.querySelector('#course').textContent.includes('take no time')")


def test_the_parts_of_an_event_add_up_to_its_score_over_time(page):
    choose(page, THIRD)
    page.until("document.querySelector('#course .causes')")
    told = page.run("document.querySelector('#course p').textContent")
    assert told == "Share × time of its reasons over 1.20 s: 0.72 = 0.72 s, its score × time."
    parts = "[...document.querySelectorAll('#course .causes li')].map((one) => one.textContent)"
    assert page.run(parts) == [
        "1100 %corridor.person 0.72 s, 0:04.8–0:05.4, largest 0.80 at 0:05.4"
    ]
    assert page.run("document.querySelectorAll('#course svg rect').length") == 2


def test_a_moment_that_is_no_event_has_no_parts(page):
    page.run("document.querySelector('#timeline').focus()")
    page.press("End")
    page.until("location.hash === '#frame=9'")
    assert page.run("document.querySelector('#course-part').hidden")


def test_without_time_for_the_worst_frame_the_event_still_has_its_parts(page, monkeypatch):
    def late(self, request, method, deadline):
        raise refusal_late("too slow")

    monkeypatch.setattr(FrameExplanations, "explain", late)
    choose(page, THIRD)
    page.until("document.querySelector('#course .causes')")
    page.until("document.querySelector('#maps .trouble')?.textContent.includes('time was over')")


def test_what_stands_out_is_drawn_on_demand(page):
    press_button(page, "maps", "Eigen-CAM")
    page.until("document.querySelector('#maps').textContent.includes('Eigen-CAM: segmentation')")


def test_texts_from_outside_stay_texts(page):
    choose(page, SECOND)
    assert page.run("document.querySelector('#subject-title').textContent") == HOSTILE
    assert page.run("window.broken") is None
    assert page.run("document.querySelectorAll('body script, img[src=x]').length") == 0


def test_everything_that_can_be_used_has_a_name(page):
    nameless = page.run(
        "[...document.querySelectorAll('button, input, select, textarea, img, [role=slider]')]"
        ".filter((one) => !one.textContent.trim() && !one.ariaLabel && !one.alt)"
        ".filter((one) => !one.labels?.length && !one.closest('[aria-label]'))"
        ".filter((one) => one.id !== 'enlarged-picture').map((one) => one.outerHTML)"
    )
    assert nameless == []


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (820, 1180), (600, 960)])
def test_nothing_sticks_out_at_the_side(page, width, height):
    page.resize(width, height)
    assert page.run("document.documentElement.scrollWidth") == width


def test_a_label_leaves_who_walks_through_the_list_where_they_are(page):
    page.run(f"document.querySelector('[data-event=\"{FIRST}\"] button').focus()")
    page.until("document.querySelector('#labels textarea')")
    press_button(page, "labels", "uncertain")
    page.until(
        f"document.querySelector('[data-event=\"{FIRST}\"]').textContent.includes('uncertain')"
    )
    assert page.run("document.activeElement.closest('li')?.dataset.event") == FIRST


def test_a_label_stays_and_a_note_is_a_text(page):
    page.until("document.querySelector('#labels textarea')")
    note = "document.querySelector('#labels textarea')"
    page.run(f"{note}.value = {HOSTILE!r}; {note}.dispatchEvent(new Event('input'))")
    press_button(page, "labels", "false alarm")
    page.until("document.querySelector('.history')?.textContent.includes('false alarm')")
    assert HOSTILE in page.run("document.querySelector('.history').textContent")
    assert page.run("window.broken") is None
    assert "false alarm" in page.run(
        f"document.querySelector('[data-event=\"{FIRST}\"]').textContent"
    )


def test_what_if_gives_the_new_risk_and_the_change(page):
    page.until("document.querySelector('#what-if button')")
    press_button(page, "what-if", "Without person")
    page.until("document.querySelector('.answers td')")
    assert "The risk without person" in page.run(
        "document.querySelector('#what-if [role=status]').textContent"
    )
    # The watch was told of no person; the picture still shows one, which would confuse.
    assert page.run("document.querySelector('.answers td:last-child').textContent") == (
        "the picture as it was"
    )


def test_the_object_that_is_to_blame_says_which_cause_it_is(page):
    page.until("document.querySelector('#what-if button')")
    assert page.run("document.querySelector('#what-if button').textContent") == (
        "Without person 7 (cause 1)"
    )


def test_a_region_is_drawn_with_the_pointer(page):
    page.until("document.querySelector('#what-if .region input')")
    page.run("document.querySelector('.stage').scrollIntoView()")
    x, y, width, height = page.run(
        "(({x, y, width, height}) => [x, y, width, height])"
        "(document.querySelector('.stage img').getBoundingClientRect())"
    )
    page.drag((x + width / 4, y + height / 4), (x + width / 2, y + height / 2))
    sides = page.run("[...document.querySelectorAll('.region input')].map((one) => +one.value)")
    assert sides == [16, 12, 32, 24]  # of a picture of 64x48
    press_button(page, "what-if", "Mask this region")
    page.until("document.querySelector('.answers td:last-child img')")


def test_faithfulness_stands_beside_its_map(page):
    page.until("document.querySelector('.worth')")
    assert "chance" in page.run("document.querySelector('.worth').textContent")
    assert page.run("document.querySelectorAll('.card.doubtful').length") == 1  # greyed out


def test_a_map_that_knows_no_better_than_chance_is_greyed_out_once_it_is_measured(page):
    press_button(page, "maps", "Eigen-CAM")
    page.until("document.querySelector('#maps').textContent.includes('Faithfulness: not measured')")
    press_button(page, "maps", "Measure faithfulness")
    page.until(
        "!document.querySelector('#maps').textContent.includes('Faithfulness: not measured')"
    )
    cards, doubtful = page.run(
        "['.worth', '.doubtful'].map((one) => document.querySelectorAll(`#maps ${one}`).length)"
    )
    assert cards == doubtful >= 3
    assert "Order kept with shuffled weights 0.10" in page.run(
        "document.querySelector('#maps').textContent"
    )


def test_what_a_flag_is_worth_stands_with_its_causes(page):
    assert page.run("document.querySelector('.promise').textContent") == (
        "✗ Promise withdrawn: this drive is unlike the calibration clips"
        " (p-value 0.012, alpha 0.05, calibration ca11b7a7e)"
    )


def test_similar_scenes_are_shown_the_nearest_first(page):
    page.until("document.querySelectorAll('#similar li').length === 2")
    words = page.run(
        "[...document.querySelectorAll('#similar .picture')].map((one) => one.ariaLabel)"
    )
    assert [one.split(":")[0] for one in words] == [f"Choose {SECOND}", f"Choose {THIRD}"]
    page.run("document.querySelector('#similar button').click()")
    page.until(f"{CHOSEN} === '{SECOND}'")


def test_a_similar_scene_is_compared_where_it_is_found(page):
    press_button(page, "similar", "Compare")
    page.until("document.querySelector('#comparison table')")
    assert SECOND in page.run("document.querySelector('#comparison .beside + .beside').textContent")
    assert page.run(CHOSEN) == FIRST
