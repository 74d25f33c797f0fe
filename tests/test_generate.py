"""The protocol and the Python code that is made from it."""

import re
from pathlib import Path

from road_clarity.service.generate import PACKAGE, PROTO, fingerprint, generate, sources

FIELD = re.compile(r"^\s+(?:optional |repeated )?[\w.]+ \w+ = \d+;|^\s*rpc |^\s*\w+ = \d+;")
BLOCK = re.compile(r"^\s*(?:message|enum|service|oneof) \w+ \{")


def test_code_is_made_once_and_again_when_the_protocol_changes(tmp_path):
    folder = tmp_path / "proto" / PACKAGE
    folder.mkdir(parents=True)
    one = folder / "car.proto"
    one.write_text('syntax = "proto3"; package road_clarity.v1; message Car {}\n')
    target = tmp_path / "gen"
    assert generate(tmp_path / "proto", target)
    assert not generate(tmp_path / "proto", target)
    one.write_text(one.read_text() + "message Person {}\n")
    assert generate(tmp_path / "proto", target)
    assert "class Person" in (target / "car_pb2.pyi").read_text()


def test_generated_imports_stay_inside_our_package(tmp_path):
    generate(PROTO, tmp_path / "gen")
    imports = (tmp_path / "gen" / "event_service_pb2.py").read_text()
    assert "from road_clarity.service.gen import scene_pb2" in imports


def test_the_code_in_use_is_that_of_the_protocol():
    from road_clarity.service import gen

    made = Path(gen.__path__[0])
    assert (made / "FINGERPRINT").read_text() == fingerprint()


def test_everything_in_the_protocol_has_a_comment():
    bare = []
    for path in sources():
        lines = path.read_text().splitlines()
        for before, line in zip(lines, lines[1:], strict=False):
            if (FIELD.match(line) or BLOCK.match(line)) and not before.strip().startswith("//"):
                bare.append(f"{path.name}: {line.strip()}")
    assert bare == []
