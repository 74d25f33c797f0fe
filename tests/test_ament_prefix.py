"""Where `ros2 launch` and `ros2 run` look for us in a Python environment."""

import sys

from road_clarity.nodes import ament_prefix
from road_clarity.nodes.ament_prefix import links


def test_launch_files_executables_and_the_index_are_linked_to_what_is_there(tmp_path):
    made = {str(place.relative_to(tmp_path)): target for place, target in links(tmp_path).items()}
    assert set(made) == {
        "share/ament_index/resource_index/packages/road_clarity",
        "share/road_clarity/package.xml", "share/road_clarity/launch", "share/road_clarity/config",
        "lib/road_clarity/perception_node", "lib/road_clarity/safety_node",
        "lib/road_clarity/source_node",
    }  # fmt: skip
    assert all(target.exists() for name, target in made.items() if name.startswith("share"))
    launch = made["share/road_clarity/launch"]
    assert {path.name for path in launch.glob("*.launch.*")} == {
        "drive.launch.py", "drive.launch.xml", "replay.launch.py", "replay.launch.xml",
    }  # fmt: skip


def test_files_that_pip_installed_are_left_alone(tmp_path, monkeypatch):
    """Not editable: there is no checkout beside the code to link to."""
    installed = tmp_path / "share" / "road_clarity" / "package.xml"
    installed.parent.mkdir(parents=True)
    installed.write_text("<package/>")
    monkeypatch.setattr(ament_prefix, "ROOT", tmp_path / "nowhere")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "safety_node").touch()
    assert ament_prefix.main() == 0
    assert installed.read_text() == "<package/>" and not installed.is_symlink()
    assert (tmp_path / "lib" / "road_clarity" / "safety_node").is_symlink()
