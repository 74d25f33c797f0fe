"""Python classes from the protocol: msgs/proto/road_clarity/v1/*.proto -> service/gen/.

`python -m road_clarity.service.generate`; does nothing when protocol and compiler are those of the
last time.  Not committed, because generated code works with one major version of protobuf only.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROTO = HERE.parent / "msgs" / "proto"
GEN = HERE / "gen"
PACKAGE = "road_clarity/v1"
# protoc imports as if the protocol's folders were on the Python path; here they are in our package.
PROTOC_IMPORT = re.compile(rf"^from {PACKAGE.replace('/', '.')} import", re.MULTILINE)


def sources(proto: Path = PROTO) -> list[Path]:
    return sorted((proto / PACKAGE).glob("*.proto"))


def fingerprint(proto: Path = PROTO) -> str:
    """Of everything the generated code depends on."""
    digest = hashlib.sha256(version("grpcio-tools").encode() + Path(__file__).read_bytes())
    for path in sources(proto):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def generate(proto: Path = PROTO, target: Path = GEN) -> bool:
    """Bring target up to date; whether anything had to be done."""
    mark = target / "FINGERPRINT"
    wanted = fingerprint(proto)
    if mark.is_file() and mark.read_text() == wanted:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        compile_into(proto, Path(folder))
        made = Path(folder) / PACKAGE
        for path in made.iterdir():
            path.write_text(
                PROTOC_IMPORT.sub("from road_clarity.service.gen import", path.read_text())
            )
        (made / "__init__.py").write_text(
            '"""Made from msgs/proto by road_clarity.service.generate."""\n'
        )
        (made / mark.name).write_text(wanted)
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    return True


def compile_into(proto: Path, folder: Path) -> None:
    """Messages, their type information and the services' stubs."""
    from grpc_tools import protoc  # takes a while; mostly not needed

    outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    if protoc.main(["protoc", f"-I{proto}", *outputs, *map(str, sources(proto))]) != 0:
        raise SystemExit("generate: the protocol does not compile")


if __name__ == "__main__":
    print("made" if generate() else "up to date", GEN, file=sys.stderr)
