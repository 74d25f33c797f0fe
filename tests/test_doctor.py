"""The doctor, check by check: each with the case in which it must speak, and the fix it names."""

import fcntl
import json
from types import SimpleNamespace

import pytest

from road_clarity import cli
from road_clarity.models.errors import BadInput
from road_clarity.nodes import doctor, doctor_dds, doctor_files, doctor_machine, doctor_ros
from road_clarity.nodes.findings import fail, failed, warn
from road_clarity.nodes.parameter_files import CONFIG


def told(finding):
    return finding.state, finding.fix


# The machine -------------------------------------------------------------------------------------


def test_a_python_that_no_wheel_is_built_for_fails():
    assert told(doctor_machine.check_python((3, 9, 1))) == ("fail", "make setup PYTHON=python3.12")
    assert doctor_machine.check_python((3, 12, 3)).state == "ok"


def test_one_core_is_too_few_for_the_edge_preset():
    found = doctor_machine.check_processor(1, {"avx2"}, "x86_64")
    assert found.state == "warn" and "--preset tiny" in found.fix


def test_a_virtual_machine_that_hides_avx2_is_told():
    found = doctor_machine.check_processor(4, {"sse2"}, "x86_64")
    assert found.state == "warn" and "-cpu host" in found.fix
    assert doctor_machine.check_processor(4, {"asimd"}, "aarch64").state == "ok"


def test_less_than_one_and_a_half_gigabytes_is_little():
    assert doctor_machine.check_memory(1.4e9).state == "warn"
    assert doctor_machine.check_memory(1.6e9).state == "ok"


def test_a_gpu_that_is_asked_for_but_not_there_fails(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    found = doctor_machine.check_device("cuda")
    assert found.state == "fail" and found.fix.startswith("device:=cpu")
    assert doctor_machine.check_device("cpu").state == "ok"


def test_no_place_for_logs_fails_for_rcl_would_not_start(monkeypatch):
    for name in ("HOME", "ROS_HOME", "ROS_LOG_DIR"):
        monkeypatch.delenv(name, raising=False)
    found = doctor_machine.check_logs(doctor_machine.log_folder())
    assert told(found) == ("fail", "export ROS_LOG_DIR=/tmp/ros")


def test_logs_in_a_folder_to_be_made_are_fine(tmp_path):
    assert doctor_machine.check_logs(tmp_path / "not" / "yet").state == "ok"


# ROS and DDS -------------------------------------------------------------------------------------


def test_missing_ros_fails_with_both_ways_to_get_it(monkeypatch):
    monkeypatch.setattr(doctor_ros, "find_spec", lambda name: None)
    found = doctor_ros.check_ros({})
    assert found.state == "fail" and "make setup" in found.fix and "/opt/ros/jazzy" in found.fix


def test_two_kinds_of_ros_in_one_shell_fail(monkeypatch):
    monkeypatch.setattr(doctor_ros, "has_wheels", lambda: True)
    monkeypatch.setattr(doctor_ros, "find_spec", lambda name: object())
    found = doctor_ros.check_ros({"LD_LIBRARY_PATH": "/opt/ros/jazzy/lib"})
    assert found.state == "fail" and "unset LD_LIBRARY_PATH" in found.fix


def test_libraries_that_are_not_found_fail(monkeypatch):
    monkeypatch.setattr(doctor_ros, "find_spec", lambda name: SimpleNamespace(origin="rclpy"))
    monkeypatch.setattr(doctor_ros, "tried", lambda code: "ImportError: librcl.so")
    found = doctor_ros.check_ros({})
    assert found.state == "fail" and "LD_LIBRARY_PATH" in found.fix


def test_missing_messages_fail(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_ros, "find_spec", lambda name: None)
    found = doctor_ros.check_messages(tmp_path, True)
    assert found.state == "fail" and "msgs/build.sh" in found.fix


def test_messages_for_another_python_fail(monkeypatch, tmp_path):
    pytest.importorskip("road_clarity_msgs", reason="run msgs/build.sh")
    monkeypatch.setattr(doctor_ros, "tried", lambda code: "no type support")
    found = doctor_ros.check_messages(tmp_path, True)
    assert found.state == "fail" and "not built for Python" in found.text


def test_a_ros_that_does_not_start_says_nothing_against_the_messages(monkeypatch, tmp_path):
    pytest.importorskip("road_clarity_msgs", reason="run msgs/build.sh")
    monkeypatch.setattr(doctor_ros, "tried", lambda code: "no rclpy")
    assert doctor_ros.check_messages(tmp_path / "none", False).state == "ok"


def test_messages_that_changed_since_they_were_built_fail(tmp_path):
    new, old = tmp_path / "new", tmp_path / "old"
    for folder, text in ((new, "float64 score"), (old, "float32 score")):
        folder.mkdir()
        (folder / "Risk.msg").write_text(text)
        (folder / "Lane.msg").write_text("uint8 id")
    (new / "World.msg").write_text("float64 error")
    assert doctor_ros.different(new, old) == ["Risk.msg", "World.msg"]


def test_what_ends_a_process_without_an_exception_is_heard_as_well():
    assert doctor_ros.tried("import os; os._exit(102)") == "exit code 102"
    assert doctor_ros.tried("1 / 0") == "ZeroDivisionError: division by zero"
    assert doctor_ros.tried("pass") == ""


def test_a_middleware_that_is_not_installed_fails_for_rcl_would_end_every_process(monkeypatch):
    monkeypatch.setattr(doctor_dds, "prefixes", lambda: [])
    found = doctor_dds.check_rmw({"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"})
    assert found.state == "fail" and "RMW_IMPLEMENTATION=rmw_fastrtps_cpp" in found.fix


def test_another_middleware_is_told_that_it_needs_a_profile_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_dds, "prefixes", lambda: [tmp_path])
    index = tmp_path / "share" / "ament_index" / "resource_index" / "rmw_typesupport"
    index.mkdir(parents=True)
    (index / "rmw_cyclonedds_cpp").touch()
    found = doctor_dds.check_rmw({"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"})
    fix = "export RMW_IMPLEMENTATION=rmw_fastrtps_cpp, in every shell of the vehicle"
    assert told(found) == ("warn", fix)
    assert doctor_dds.check_rmw({}).state == "ok"


@pytest.mark.parametrize(
    ("domain", "state"),
    [("", "ok"), ("101", "ok"), ("150", "warn"), ("233", "fail"), ("x", "fail")],
)
def test_a_domain_is_a_number_up_to_101(domain, state):
    assert doctor_dds.check_domain({"ROS_DOMAIN_ID": domain}).state == state


@pytest.mark.parametrize(
    ("reach", "state"),
    [("LOCALHOST", "ok"), ("", "warn"), ("SUBNET", "warn"), ("OFF", "fail"), ("local", "fail")],
)
def test_who_may_join_is_told_with_the_setting_that_closes_it(reach, state):
    found = doctor_dds.check_discovery({"ROS_AUTOMATIC_DISCOVERY_RANGE": reach})
    assert found.state == state
    assert not found.fix or "ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST" in found.fix


def test_the_old_variable_for_localhost_is_told():
    found = doctor_dds.check_discovery({"ROS_LOCALHOST_ONLY": "1"})
    assert found.state == "warn" and found.fix.startswith("unset ROS_LOCALHOST_ONLY")


def test_a_profile_that_is_not_there_or_no_xml_fails(tmp_path):
    broken = tmp_path / "broken.xml"
    broken.write_text("<dds>")
    for path in (tmp_path / "gone.xml", broken):
        found = doctor_dds.check_profile({"FASTRTPS_DEFAULT_PROFILES_FILE": str(path)})
        assert found.state == "fail" and found.fix.startswith("unset FASTRTPS")


def test_security_that_the_wheels_do_not_have_fails(monkeypatch):
    monkeypatch.setattr(doctor_dds, "has_wheels", lambda: True)
    assert doctor_dds.check_security({"ROS_SECURITY_ENABLE": "true"}).state == "fail"
    assert doctor_dds.check_security({}).state == "ok"


def test_security_without_keys_fails_and_without_enforcement_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_dds, "has_wheels", lambda: False)
    on = {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_KEYSTORE": str(tmp_path)}
    assert doctor_dds.check_security(on).state == "fail"
    (tmp_path / "enclaves").mkdir()
    assert doctor_dds.check_security(on).state == "warn"
    assert doctor_dds.check_security(on | {"ROS_SECURITY_STRATEGY": "Enforce"}).state == "ok"


def test_little_shared_memory_is_told_with_the_docker_option(monkeypatch):
    monkeypatch.setattr(doctor_dds, "enough_shared_memory", lambda: False)
    found = doctor_dds.check_shared_memory()
    assert found.state == "warn" and "--ipc host" in found.fix


def test_segments_of_dead_processes_are_told_and_those_in_use_are_not(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor_dds, "LEFT_BYTES", 100)
    for name in ("dead", "alive"):
        (tmp_path / f"fastrtps_{name}").write_bytes(bytes(100))
        (tmp_path / f"fastrtps_{name}_el").touch()
    with (tmp_path / "fastrtps_alive_el").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert told(doctor_dds.check_left_behind(tmp_path)) == ("warn", "fastdds shm clean")
        (tmp_path / "fastrtps_dead").unlink()
        assert doctor_dds.check_left_behind(tmp_path).state == "ok"


def test_a_camera_driver_of_another_user_is_told(tmp_path):
    lock = tmp_path / "fastrtps_port7411_sl"
    lock.touch()
    me = lock.stat().st_uid
    assert doctor_dds.check_users(tmp_path, me + 1).state == "ok"  # nobody uses it any more
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        found = doctor_dds.check_users(tmp_path, me + 1)
        assert found.state == "warn" and f"as user {me + 1}" in found.fix
        assert doctor_dds.check_users(tmp_path, me).state == "ok"


# Files -------------------------------------------------------------------------------------------


def test_weights_that_changed_fail(monkeypatch):
    def changed(name):
        raise BadInput("weights file", "x.safetensors", "restore it with `git checkout`")

    monkeypatch.setattr(doctor_files, "read_state", changed)
    found = doctor_files.check_weights("scnn_edge")
    assert told(found) == ("fail", "restore it with `git checkout`")


def test_weights_of_a_preset_that_were_never_imported_fail(monkeypatch, tmp_path):
    monkeypatch.setenv("ROAD_CLARITY_WEIGHTS", str(tmp_path))
    found = doctor_files.check_weights("scnn_vgg16")  # of the preset paper
    assert found.state == "fail" and "road-clarity weights import" in found.fix


def parameters(tmp_path, text, has_ros=True):
    if has_ros:
        pytest.importorskip("rcl_interfaces", reason="ROS 2 is not installed")
    path = tmp_path / "mine.param.yaml"
    path.write_text(text)
    return doctor_files.read_parameters(str(path), "edge", has_ros)


def test_a_parameter_that_no_node_has_is_told_for_ros_says_nothing(tmp_path):
    text = "/**/lane:\n  ros__parameters:\n    wieghts: scnn_edge\n"
    _, (found,) = parameters(tmp_path, text)
    assert told(found) == ("warn", "write 'weights' instead")


def test_without_ros_the_names_are_not_looked_at(tmp_path):
    _, (found,) = parameters(tmp_path, "/**/lane: {ros__parameters: {x: 1}}", has_ros=False)
    assert found.state == "ok" and "not looked at" in found.text


def test_a_node_that_is_not_there_is_told(tmp_path):
    _, (found,) = parameters(tmp_path, "/front/lanes:\n  ros__parameters: {weights: x}\n")
    assert told(found) == ("warn", "write 'lane' instead")


def test_groups_and_namespaces_of_a_parameter_file_are_understood(tmp_path):
    text = "front:\n  perception:\n    ros__parameters: {evidence: {folder: /data}}\n"
    given, (found,) = parameters(tmp_path, text)
    assert found.state == "ok" and given == {"perception": {"evidence.folder": "/data"}}


def test_the_parameter_files_that_ship_are_fine():
    pytest.importorskip("rcl_interfaces", reason="ROS 2 is not installed")
    _, (found,) = doctor_files.read_parameters(str(CONFIG / "edge.param.yaml"), "edge", True)
    assert found.state == "ok"


@pytest.mark.parametrize("text", ["", "a: [", "just words"])
def test_a_parameter_file_that_is_none_fails(tmp_path, text):
    assert parameters(tmp_path, text)[1][0].state == "fail"


def test_evidence_where_nobody_may_write_fails(tmp_path):
    (tmp_path / "file").touch()
    found = doctor_files.check_evidence({"evidence.folder": str(tmp_path / "file" / "in")})
    assert found.state == "fail" and found.fix.startswith("sudo install -d")


def test_evidence_that_may_outgrow_its_disk_is_told(tmp_path):
    given = {"evidence.folder": str(tmp_path), "evidence.most_gb": 1e9}
    found = doctor_files.check_evidence(given)
    assert found.state == "warn" and "evidence.most_gb" in found.fix
    assert doctor_files.check_evidence({**given, "evidence.most_gb": 0.0}).state == "ok"


# All together ------------------------------------------------------------------------------------


def test_every_problem_has_a_fix(monkeypatch):
    monkeypatch.setattr(doctor_ros, "find_spec", lambda name: None)
    assert all(one.fix for one in doctor.examine(doctor.Question()) if one.state != "ok")


def test_the_calibration_is_looked_for_beside_the_images():
    assert doctor.Question(image_topic="/front/image_raw").info_topic == "/front/camera_info"
    jpeg = doctor.Question(image_topic="/front/image_raw/compressed")
    assert jpeg.info_topic == "/front/camera_info"


def test_a_camera_is_not_looked_at_without_ros_but_it_is_without_room_for_evidence():
    assert failed([fail("ros", "gone", "get it")], doctor.NEEDED_FOR_CAMERA)
    assert not failed([fail("evidence", "x", "y"), warn("ros", "x", "y")], doctor.NEEDED_FOR_CAMERA)


@pytest.mark.parametrize(("finding", "code"), [(warn("a", "b", "c"), 0), (fail("a", "b", "c"), 1)])
def test_only_a_failure_makes_the_exit_code_one(monkeypatch, capsys, finding, code):
    monkeypatch.setattr(doctor, "examine", lambda asked: [finding])
    assert cli.main(["doctor", "--json"]) == code
    (told,) = json.loads(capsys.readouterr().out)
    assert told == {"name": "a", "state": finding.state, "text": "b", "fix": "c"}


def test_a_preset_that_is_not_there_is_bad_input(capsys):
    assert cli.main(["doctor", "--preset", "giant"]) == 2
    assert "edge, paper, tiny" in capsys.readouterr().err
