"""The fault matrix is what the marks on the tests say."""

import pytest

from road_clarity.evaluation.fault_matrix import PAGE, Mark, faults_of, marks_in, matrix, page
from road_clarity.models.errors import BadInput

SOURCE = """
import pytest

@pytest.mark.claim("silence")
@pytest.mark.fault("camera stops", state="unknown", within="0.4 s", back="0.5 s")
def test_a_camera_that_stops_is_missed(road): ...

@pytest.mark.fault("camera stops")
@pytest.mark.parametrize("x", [1])
def test_more_of_it(x): ...

def test_another(): ...
"""
SAID = {"state": "unknown", "within": "0.4 s", "back": "0.5 s"}


def test_the_marks_of_a_file_are_read():
    assert list(marks_in(SOURCE, "test_x.py")) == [
        Mark("camera stops", SAID, "test_x.py", "test_a_camera_that_stops_is_missed"),
        Mark("camera stops", {}, "test_x.py", "test_more_of_it"),
    ]


def test_a_fault_is_a_row_and_each_of_its_tests_a_line():
    text = matrix(faults_of(list(marks_in(SOURCE, "test_x.py"))))
    assert "| 1 | camera stops | unknown | 0.4 s | 0.5 s |" in text
    assert "- 1: more of it (`test_x.py`)" in text


def test_half_a_description_is_refused():
    source = SOURCE.replace(', within="0.4 s"', "")
    with pytest.raises(BadInput, match="say state, within, back"):
        list(marks_in(source, "test_x.py"))


def test_two_descriptions_are_refused():
    twice = [Mark("camera stops", SAID, "test_x.py", name) for name in ("test_a", "test_b")]
    with pytest.raises(BadInput, match="described already"):
        faults_of(twice)


def test_a_fault_that_nobody_describes_is_refused():
    with pytest.raises(BadInput, match="no test says"):
        faults_of([Mark("camera stops", {}, "test_x.py", "test_a")])


def test_the_page_is_the_one_that_make_safety_writes():
    assert PAGE.read_text() == page(), "docs/faults.md is out of date: make safety"
