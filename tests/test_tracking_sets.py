"""Tracking data sets in their published layouts, and what is wrong with broken ones."""

import numpy as np
import pytest
from made_tracks import (
    RED,
    write_coco,
    write_got10k,
    write_lasot,
    write_otb,
    write_tld,
    write_trackingnet,
)

from road_clarity.models.box_text import parse_boxes, parse_flags
from road_clarity.models.errors import BadInput
from road_clarity.training.tracking_pairs import two_of
from road_clarity.training.tracking_sets import (
    Track,
    read_coco,
    read_got10k,
    read_lasot,
    read_otb,
    read_tld,
    read_trackingnet,
)


def shows_its_object(track: Track) -> bool:
    """Whether every box holds the red object and nothing else."""
    for place in range(len(track.frames)):
        sighting = track.sighting(place)
        x0, y0, x1, y1 = (int(edge) for edge in sighting.box)
        inside = sighting.image[y0:y1, x0:x1].astype(int) - RED
        if np.abs(inside).mean() > 20:
            return False
    return True


@pytest.mark.parametrize(
    ("write", "read", "sequences", "frames"),
    [
        (write_got10k, lambda root: read_got10k(root, "train"), 3, [0, 2, 3]),
        (write_lasot, lambda root: read_lasot(root, "training"), 2, [0, 1]),
        (write_trackingnet, read_trackingnet, 2, [0, 1, 2]),
        (write_otb, read_otb, 1, [0, 1, 2]),
        (write_tld, read_tld, 1, [0, 2]),
    ],
)
def test_frames_in_which_the_target_is_seen_are_read(tmp_path, write, read, sequences, frames):
    found = read(write(tmp_path))
    assert len(found) == sequences
    assert found[0].frames.tolist() == frames
    assert shows_its_object(found[0])


def test_a_picture_of_coco_is_a_pair_with_itself_and_crowds_are_nobody(tmp_path):
    (still,) = read_coco(write_coco(tmp_path), "train2017")
    first, second = still.sightings(np.random.default_rng(0))
    assert first is second
    assert first.box == (20, 30, 50, 54)


@pytest.mark.parametrize("text", ["{", "[]", '{"annotations": [{"bbox": [1, 2]}]}'])
def test_annotations_that_are_not_cocos_are_refused(tmp_path, text):
    path = write_coco(tmp_path) / "annotations" / "instances_train2017.json"
    path.write_text(text)
    with pytest.raises(BadInput, match="instances_train2017.json: is not as COCO writes it"):
        read_coco(tmp_path, "train2017")


def test_another_list_chooses_among_got10ks_sequences(tmp_path):
    chosen = tmp_path / "vot.txt"
    chosen.write_text("GOT-10k_Train_000002\n")
    assert len(read_got10k(write_got10k(tmp_path), "train", chosen)) == 1


def test_boxes_of_otbs_david_begin_with_picture_300(tmp_path):
    (track,) = read_otb(write_otb(tmp_path, "David", frames=302, boxes=3))
    assert track.path(0).name == "0300.jpg"


def test_two_sightings_lie_at_most_a_hundred_frames_apart_and_differ():
    frames, rng = np.array([0, 60, 161, 400]), np.random.default_rng(0)
    found = {two_of(frames, rng) for _ in range(200)}
    assert found == {(0, 1), (1, 0), (2, 2), (3, 3)}


def broken(tmp_path, name: str, text: str | None):
    """GOT-10k with one file changed, or without it."""
    path = write_got10k(tmp_path) / "train" / name
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    return tmp_path


ONE = "GOT-10k_Train_000001"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("list.txt", None, "list.txt: cannot be read"),
        ("list.txt", "\n", "list.txt: is empty"),
        ("list.txt", "GOT-10k_Train_000009\n", "000009/groundtruth.txt: cannot be read"),
        (f"{ONE}/groundtruth.txt", "1,2,3,4\n1,2,x,4\n", "line 2: must be four numbers"),
        (f"{ONE}/groundtruth.txt", "1,2,3\n", "line 1: must be four numbers"),
        (f"{ONE}/groundtruth.txt", "", "is empty"),
        (f"{ONE}/groundtruth.txt", "1,2,0,4\n" * 4, "no frame in which the target is visible"),
        (f"{ONE}/groundtruth.txt", "1,2,3,4\n" * 5, "absence.label: must be 5 times 0 or 1"),
        (f"{ONE}/absence.label", "0\n0\n2\n0\n", "absence.label: must be 4 times 0 or 1"),
        (f"{ONE}/absence.label", None, "absence.label: cannot be read"),
        (f"{ONE}/00000004.jpg", None, "00000004.jpg: is not there"),
    ],
)
def test_what_is_broken_is_named(tmp_path, name, text, sentence):
    with pytest.raises(BadInput, match=sentence):
        read_got10k(broken(tmp_path, name, text), "train")


def test_more_boxes_than_pictures_are_refused(tmp_path):
    with pytest.raises(BadInput, match="has 4 boxes for the 3 pictures"):
        read_otb(write_otb(tmp_path, frames=3, boxes=4))


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"TLD folder .* must hold \*/gt.txt"):
        read_tld(tmp_path)


def test_numbers_may_stand_between_commas_tabs_or_blanks():
    wanted = [[1.0, 2.0, 4.0, 6.0]] * 3
    assert parse_boxes("1,2,3,4\n1\t2\t3\t4\n1  2 3, 4\n", "x", corners=False).tolist() == wanted
    assert parse_flags("0,1\n", "x", 2).tolist() == [False, True]
