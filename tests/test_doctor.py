"""The doctor: every problem comes with its remedy."""

from road_clarity.nodes import doctor


def test_a_shared_network_is_a_notice_with_the_setting_that_closes_it(monkeypatch):
    monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE", raising=False)
    (finding,) = doctor.check_discovery()
    assert finding.state == "notice"
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST" in finding.remedy


def test_a_transport_profile_that_is_not_there_is_a_problem(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(tmp_path / "gone.xml"))
    (finding,) = doctor.check_transport()
    assert (finding.state, "unset" in finding.remedy) == ("problem", True)


def test_missing_ros_is_a_problem_with_both_ways_to_get_it(monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    findings = doctor.check_ros() + doctor.check_messages()
    assert [finding.state for finding in findings] == ["problem", "problem"]
    assert "make setup" in findings[0].remedy and "/opt/ros/jazzy" in findings[0].remedy


def test_every_problem_has_a_remedy(monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    assert all(one.remedy for one in doctor.examine() if one.state != "fine")
