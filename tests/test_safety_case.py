"""The safety pages are what claims and marks say, and every claim has a test."""

import pytest

from road_clarity.evaluation.safety_case import (
    Claim,
    Held,
    claims_page,
    held_in,
    pages,
    read_claims,
    with_hazards,
)
from road_clarity.models.errors import BadInput

HAZARDS = {"H1": "A dangerous scene is called calm."}
HOLD = Claim("hold", "H1", "A level falls late.")
SOURCE = """
import pytest
pytestmark = [pytest.mark.ros, pytest.mark.claim("silence")]

@pytest.mark.claim("hold")
@pytest.mark.parametrize("x", [1])
def test_a_level_falls_late(x): ...

def test_another(): ...

def helper(): ...
"""


def test_marks_of_a_test_and_of_its_file_are_read():
    assert list(held_in(SOURCE, "test_x.py")) == [
        Held("silence", "test_x.py", "test_a_level_falls_late"),
        Held("hold", "test_x.py", "test_a_level_falls_late"),
        Held("silence", "test_x.py", "test_another"),
    ]


def test_the_name_of_a_test_is_its_sentence():
    page = claims_page(HAZARDS, [HOLD], [Held("hold", "test_x.py", "test_a_level_falls_late")])
    assert "- a level falls late (`test_x.py`)" in page


def test_a_claim_that_no_test_holds_is_refused():
    with pytest.raises(BadInput, match="no test holds it"):
        claims_page(HAZARDS, [HOLD], [])


def test_a_mark_of_no_claim_is_refused():
    with pytest.raises(BadInput, match="marks no claim"):
        claims_page(HAZARDS, [HOLD], [Held("hodl", "test_x.py", "test_y")])


def test_a_claim_against_no_hazard_is_refused():
    with pytest.raises(BadInput, match="name one of `hazards`"):
        read_claims("hazards: {H1: x}\nclaims: {hold: {hazard: H2, text: y}}")


def test_only_the_table_of_the_page_is_replaced():
    page = "above\n<!-- hazards: made by `make safety` -->\nold\n<!-- end of hazards -->\nbelow\n"
    assert with_hazards(page, "new") == page.replace("old", "new")


def test_the_pages_are_those_that_make_safety_writes():
    for path, text in pages().items():
        assert path.read_text() == text, f"{path.name} is out of date: make safety"
