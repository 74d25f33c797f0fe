"""What of a recorded frame can be asked about."""

from road_clarity.pipeline.places import accused, places_of

ROW = {
    "tracks": [
        {"label": "vehicle", "id": 1, "box": [0.0, 0.0, 30.0, 20.0]},
        {"label": "person", "id": 2, "box": [40.0, 10.0, 120.0, 60.0]},
        {"label": "person", "id": 3, "box": [200.0, 10.0, 220.0, 60.0]},
    ],
    "risk": {"reasons": [
        {"code": "corridor.person", "region": [40.0, 10.0, 120.0, 60.0]},
        {"code": "anomaly.reconstruction", "region": [5.0, 5.0, 9.0, 9.0]},
        {"code": "staleness", "region": None},
    ]},
}  # fmt: skip


def test_what_reasons_point_to_comes_first_and_has_the_name_of_the_object():
    assert [label for label, _ in places_of(ROW, (100, 50))] == [
        "person 2, corridor.person", "anomaly.reconstruction", "vehicle 1",
    ]  # fmt: skip


def test_places_end_at_the_edge_of_the_image_and_those_outside_are_left_out():
    assert places_of(ROW, (100, 50))[0][1] == (40.0, 10.0, 100.0, 50.0)


def test_the_accused_are_in_the_order_of_the_reasons():
    assert accused(ROW, (100, 50)) == [(40.0, 10.0, 100.0, 50.0), (5.0, 5.0, 9.0, 9.0)]
    assert accused({"tracks": None, "risk": {"reasons": []}}, (100, 50)) == []
