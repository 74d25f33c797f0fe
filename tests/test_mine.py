"""Hard clips: the hardest frames by three rankings, clear of each other, with the reason why."""

import json

import pytest
from made_drive import MadePipeline, write_video
from test_tables import finished_run

from road_clarity.cli import main
from road_clarity.evaluation.mine.rank import (
    DISAGREEMENT,
    NOVELTY,
    RISK,
    Hard,
    around,
    hardest,
    values_of,
)
from road_clarity.evaluation.replay import replay
from road_clarity.evaluation.sources import open_source
from road_clarity.pipeline.evidence.clip import read_clip

SECOND = 1_000_000_000


def hard(second, run=0, risk=0.0, disagreement=0.0, novelty=0.0, surprise=0.0):
    values = {RISK: risk, DISAGREEMENT: disagreement, NOVELTY: novelty}
    return Hard(run, "street", (0, 100 * SECOND), second, second * SECOND, values, surprise)


def row(*reasons, score=0.5, p_value=None):
    told = [{"code": code, "share": share} for code, share in reasons]
    return {"risk": {"score": score, "reasons": told}, "anomaly": {"p_value": p_value}}


def test_contradictions_between_modules_add_up():
    found = values_of(row(("track.uncertain", 0.2), ("lane.no_road", 0.1), ("lane.lost", 0.2)))
    assert found == {RISK: 0.5, DISAGREEMENT: pytest.approx(0.3), NOVELTY: 0.0}


@pytest.mark.parametrize(("p_value", "expected"), [
    (None, 0.0), (1.0, 0.0), (0.2, 0.0), (0.01, 2.0), (0.0, 6.0),
])  # fmt: skip
def test_novelty_counts_in_powers_of_ten(p_value, expected):
    assert values_of(row(p_value=p_value))[NOVELTY] == pytest.approx(expected)


def test_a_frame_that_only_warms_up_is_not_hard_but_one_at_fault_is():
    assert values_of(row(("watch.settling", 1.0), score=1.0))[RISK] == 0.0
    assert values_of(row(("input.blank", 1.0), score=None))[RISK] == 1.0


def test_rankings_take_turns():
    frames = [hard(n * 10, risk=1.0 - n / 10) for n in range(5)] + [hard(70, novelty=3.0)]
    clips = hardest(frames, top=3, seconds=4.0)
    assert [(one.why, one.frame.index) for one in clips] == [(RISK, 0), (NOVELTY, 70), (RISK, 10)]


def test_clips_do_not_overlap():
    clips = hardest([hard(n, risk=1.0 - n / 100) for n in range(20)], top=20, seconds=4.0)
    assert [one.frame.index for one in clips] == [0, 5, 10, 15]
    assert not any(a.overlaps(b) for a in clips for b in clips if a is not b)


def test_the_same_moment_of_another_run_is_another_clip():
    assert len(hardest([hard(5, run=0, risk=0.5), hard(5, run=1, risk=0.4)], 9, 4.0)) == 2


def test_of_equally_novel_frames_the_more_surprising_is_harder():
    frames = [hard(10, novelty=6.0, surprise=0.1), hard(50, novelty=6.0, surprise=0.9)]
    assert hardest(frames, 1, 4.0)[0].frame.index == 50


def test_a_clip_ends_where_its_recording_does():
    clip = around(hard(1, risk=1.0), RISK, 4.0)
    assert (clip.start_ns, clip.end_ns) == (0, 3 * SECOND)


def test_calm_runs_have_no_hard_clips(tmp_path, capsys):
    run = finished_run(tmp_path / "run", "nnnn")
    assert main(["mine", str(run), "--out", str(tmp_path / "clips")]) == 0
    assert capsys.readouterr().out == "nothing in these runs is hard\n"
    assert not (tmp_path / "clips").exists()


def test_a_mined_clip_holds_pictures_and_rows_and_can_be_replayed(tmp_path, capsys):
    run, out = finished_run(tmp_path / "run", "nnnnnhnnnn"), tmp_path / "clips"
    assert main(["mine", str(run), "--out", str(out), "--seconds", "2.4"]) == 0
    (told,) = json.loads((out / "index.json").read_text())["clips"]
    assert (told["why"], told["frame"], told["frames"]) == (RISK, 5, 5)
    assert told["text"] == "risk 0.80: person 7 is in the way"
    assert told["text"] in capsys.readouterr().out
    frames = list(read_clip(out / told["file"]))
    assert [one.row["index"] for one in frames] == [3, 4, 5, 6, 7]
    assert all(one.jpeg for one in frames)
    summary = replay([open_source(out / told["file"])], tmp_path / "again", MadePipeline())
    assert summary["frames"] == 5


def test_an_output_folder_in_use_is_refused(tmp_path, capsys):
    run = finished_run(tmp_path / "run", "nh")
    write_video(tmp_path / "mine.mp4")
    assert main(["mine", str(run), "--out", str(tmp_path)]) == 2
    assert "holds other files" in capsys.readouterr().err
