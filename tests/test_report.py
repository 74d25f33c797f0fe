"""The report: one file that explains itself."""

import re

import pytest
from made_drive import MadePipeline, made_risk, made_scene, write_video

from road_clarity.evaluation.replay import replay
from road_clarity.evaluation.sources import open_source
from road_clarity.evaluation.timeline import (
    areas,
    clock,
    columns,
    rarity,
    reason_cells,
    strangeness,
    ticks,
)
from road_clarity.pipeline.frame_row import frame_row


def rows(levels, score=0.8):
    """One row a tenth of a second."""
    stamps = [i * 100_000_000 for i in range(len(levels))]
    return [
        frame_row(made_scene(i, ns), made_risk(ns, level, score), {})
        for i, (ns, level) in enumerate(zip(stamps, levels, strict=True))
    ]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    video = write_video(folder / "my drive.mp4", frames=6)
    replay([open_source(video)], folder / "out", MadePipeline(high={2, 3}))
    return (folder / "out" / "report.html").read_text()


def test_the_report_needs_nothing_but_itself(page):
    assert re.findall(r"""(?:src|href)=["'](?!data:|#)""", page) == []
    assert "url(" not in page and "http" not in page


def test_the_report_names_the_recording_and_what_was_flagged(page):
    assert "my drive" in page
    assert "1 moment flagged" in page
    assert "person 7 is in the way" in page


def test_the_timeline_leads_to_the_event(page):
    assert 'href="#0001-corridor-person"' in page
    assert 'id="0001-corridor-person"' in page


def test_what_others_wrote_is_escaped(page):
    assert "Sees nothing at &lt;night&gt;." in page


def test_every_reason_is_explained(page):
    assert 'id="code-corridor.person"' in page
    assert "a person and the car meet soon" in page


def test_a_stretch_of_one_level_is_one_area():
    shapes = areas(columns(rows(["nominal", "high", "high", "nominal"])))
    assert [shape.level for shape in shapes] == ["nominal", "high", "nominal"]
    assert shapes[1].points == "250.0,150.0 250.0,30.0 500.0,30.0 500.0,30.0 750.0,30.0 750.0,150.0"


def test_a_frame_as_strange_as_one_calm_frame_in_a_thousand_is_at_the_top():
    assert [rarity(p) for p in (1.0, 0.1, 0.001, 0.0)] == [0.0, pytest.approx(1 / 3), 1.0, 1.0]


def test_the_line_of_strangeness_breaks_where_nothing_is_known():
    drive = rows(["nominal"] * 3)
    drive[1]["anomaly"]["p_value"] = None
    assert len(strangeness(columns(drive))) == 2


def test_an_unknown_risk_is_never_drawn_as_calm():
    (shape,) = areas(columns(rows(["unknown"], score=0.0)))
    assert shape.points == "0.0,150.0 0.0,0.0 1000.0,0.0 1000.0,150.0"


def test_a_long_drive_keeps_its_worst_moment():
    long = columns(rows(["nominal"] * 500 + ["high"] + ["nominal"] * 499), most=10)
    assert len(long) == 10
    assert [one.level for one in long].index("high") == 5


def test_reasons_are_drawn_where_they_spoke():
    cells = reason_cells(columns(rows(["nominal", "high", "nominal", "nominal"])))
    (cell,) = cells["corridor.person"]
    assert (cell.x, cell.width, cell.share) == (250.0, 250.0, 0.8)


def test_the_time_axis_has_round_labels():
    labels = [label for _, label in ticks(columns(rows(["nominal"] * 51)))]
    assert labels == ["0:00.0", "0:00.5", "0:01.0", "0:01.5", "0:02.0", "0:02.5",
                      "0:03.0", "0:03.5", "0:04.0", "0:04.5", "0:05.0"]  # fmt: skip


def test_clock_shows_minutes_and_seconds():
    assert [clock(s) for s in (0.0, 75.5, 59.96)] == ["0:00.0", "1:15.5", "1:00.0"]
