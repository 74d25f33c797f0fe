"""docs/ros.md lists what there is."""

import re
from pathlib import Path

from road_clarity.nodes.table import DRIVE_ARGUMENTS, REPLAY_ARGUMENTS
from road_clarity.nodes.topics import TOPICS

PAGE = (Path(__file__).parents[1] / "docs" / "ros.md").read_text()


def test_every_launch_argument_stands_there_with_default_and_meaning():
    rows = re.findall(r"^\| `(\w+)`(?: \(replay\))? \| (?:`(.*?)`)? ?\| (.*) \|$", PAGE, re.M)
    documented = {name: (default, doc) for name, default, doc in rows}
    for name, one in REPLAY_ARGUMENTS.items():
        assert documented[name] == (one.default, one.doc)
        assert (f"`{name}` (replay)" in PAGE) == (name not in DRIVE_ARGUMENTS)


def test_every_topic_stands_there_in_the_part_of_its_node():
    table = PAGE[PAGE.index("## Topics") : PAGE.index("## Quality of service")]
    parts = re.split(r"^\| (\w+) \|", table, flags=re.M)[1:]
    rows = dict(zip(parts[::2], parts[1::2], strict=True))
    for node, ends in TOPICS.items():
        if node == "source":
            continue
        for name in {*ends.publishes, *ends.subscribes} - {"out/faults"}:
            wired = node == "safety" or name == "in/risk"  # ours on both sides
            assert f"`~/{name}`" in rows[node] or (wired and name.startswith("in/")), name
