"""The gallery page: every picture is there, and all of it is small."""

import re

import numpy as np

from road_clarity.evaluation.gallery import PAGE, chapter, jpeg
from road_clarity.evaluation.gallery_cases import Case, pasted

PICTURES = PAGE.with_suffix("")


def test_the_page_shows_every_picture_of_its_folder_once():
    shown = re.findall(r"\(gallery/(\w+\.jpg)\)", PAGE.read_text())
    assert sorted(shown) == sorted(path.name for path in PICTURES.iterdir())


def test_the_gallery_stays_below_one_and_a_half_megabytes():
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 1_500_000


def test_every_chapter_says_what_it_does_not_show():
    case = Case("A", "one sees", "3 of 4", "here", "the rest", {"a": np.zeros((2, 2, 3), np.uint8)})
    assert chapter(case, "gallery").splitlines() == [
        "## A",
        "- **What one sees**: one sees",
        "- **Which numbers**: 3 of 4",
        "- **Where they come from**: here",
        "- **What it does not show**: the rest",
        "",
        "![A](gallery/a.jpg)",
    ]


def test_the_same_sheet_gives_the_same_bytes():
    sheet = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    assert jpeg(sheet) == jpeg(sheet.copy())


def test_what_is_planted_for_the_network_covers_the_same_part_of_the_cameras_frame():
    frame, small = np.zeros((180, 320, 3), np.uint8), np.full((64, 64, 3), 200, np.uint8)
    changed, box = pasted(frame, (32.0, 0.0, 64.0, 64.0), small)
    assert box == (160.0, 0.0, 320.0, 180.0)
    assert (changed[:, 160:] == 200).all() and not changed[:, :160].any() and not frame.any()
