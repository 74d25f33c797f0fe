"""Image, compose files and unit do not run here: their form is held, and that they fit the code."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

import road_clarity
from road_clarity.nodes.proof_of_life import TELL_EVERY_S
from road_clarity.nodes.supervisor import BAD_SETTINGS, STOPPING
from road_clarity.nodes.table import DRIVE_ARGUMENTS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
STOPPING_S = sum(patience for _, patience in STOPPING)


def unit():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(DEPLOY / "road_clarity@.service")
    return parser


def composed(name):
    (service,) = yaml.safe_load((DEPLOY / name).read_text())["services"].values()
    return service


def test_every_version_is_the_same():
    setup = re.search(r'version="([^"]+)"', (ROOT / "setup.py").read_text())[1]
    packages = [ElementTree.parse(ROOT / name).findtext("version")
                for name in ("package.xml", "msgs/package.xml")]  # fmt: skip
    assert {setup, *packages} == {road_clarity.__version__}


def test_the_image_lets_base_and_torch_be_chosen():
    assert set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.M)) == {
        "BASE", "TORCH", "TORCH_INDEX", "EXTRAS",
    }  # fmt: skip
    assert len(re.findall(r"^FROM \$\{BASE\}", DOCKERFILE, re.M)) == 2


def test_the_torch_of_the_image_is_the_one_that_the_package_asks_for():
    (wanted,) = re.findall(r'"(torch==[^"]+)"', (ROOT / "setup.py").read_text())
    assert f'ARG TORCH="{wanted}"' in DOCKERFILE
    assert composed("compose.yaml")["build"]["args"]["TORCH"].endswith(f":-{wanted}}}")


def test_the_image_stops_its_nodes_and_runs_without_rights():
    assert "\nSTOPSIGNAL SIGINT\n" in DOCKERFILE  # SIGTERM leaves the nodes of ros2 launch behind
    assert DOCKERFILE.index("\nUSER 10001") < DOCKERFILE.index("\nENTRYPOINT")


def test_the_container_has_the_hosts_shared_memory_and_network():
    service = composed("compose.yaml")
    assert (service["ipc"], service["network_mode"]) == ("host", "host")
    assert service["restart"] == "unless-stopped"


def test_there_is_time_to_store_the_last_event():
    assert float(composed("compose.yaml")["stop_grace_period"].rstrip("s")) > STOPPING_S
    assert float(unit()["Service"]["TimeoutStopSec"]) > STOPPING_S


def test_the_watchdog_is_fed_often_enough():
    service = unit()["Service"]
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "all")
    assert float(service["WatchdogSec"]) >= 5 * TELL_EVERY_S


def test_bad_settings_are_not_tried_again():
    assert unit()["Service"]["RestartPreventExitStatus"] == str(BAD_SETTINGS)


@pytest.mark.parametrize("name", ["compose.gpu.yaml", "compose.jetson.yaml"])
def test_a_gpu_is_asked_for_where_there_is_one(name):
    service = composed(name)
    assert "--device cuda" in service["command"]
    assert "runtime" in service or service["deploy"]["resources"]["reservations"]["devices"]


def test_every_variable_of_the_environment_file_is_used():
    names = re.findall(r"^(\w+)=", (DEPLOY / "road_clarity.env").read_text(), re.M)
    used = (DEPLOY / "compose.yaml").read_text()
    assert names and all(f"${{{name}" in used for name in names)


def test_the_arguments_of_the_environment_file_are_those_of_up():
    given = re.search(
        r"^ROAD_CLARITY_ARGUMENTS=(.*)$", (DEPLOY / "road_clarity.env").read_text(), re.M
    )

    words = re.findall(r"--([\w-]+)", given[1])
    assert words and {word.replace("-", "_") for word in words} <= set(DRIVE_ARGUMENTS)


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not there")
    text = (DEPLOY / "road_clarity@.service").read_text()
    place = tmp_path / "road_clarity@front.service"
    place.write_text(text.replace("/opt/road_clarity/.venv/bin/road-clarity", "/bin/true"))
    told = subprocess.run([tool, "verify", str(place)], capture_output=True, text=True, timeout=60)
    assert [line for line in told.stderr.splitlines() if place.name in line] == []


def test_the_launch_files_and_configs_are_installed():
    """pip and colcon take them from here."""
    installed = (ROOT / "setup.py").read_text()
    for folder in ("launch", "config", "config/train", "config/sros2"):
        assert f'files("{folder}")' in installed
