"""The launch files in XML, written from the node table: for whoever includes them from XML.

They need nothing of Python at launch time.

python -m road_clarity.nodes.launch_xml
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from road_clarity.nodes.table import (
    DRIVE,
    DRIVE_ARGUMENTS,
    PACKAGE,
    REPLAY,
    REPLAY_ARGUMENTS,
    RESTART_PAUSE_S,
    Argument,
    Process,
    Value,
)

LAUNCH = Path(__file__).resolve().parents[1] / "launch"
FILES: dict[str, tuple[Sequence[Process], Mapping[str, Argument]]] = {
    "drive": (DRIVE, DRIVE_ARGUMENTS),
    "replay": (REPLAY, REPLAY_ARGUMENTS),
}
HEADING = """\
<?xml version="1.0"?>
<!-- The same as {name}.launch.py, for launch files in XML.
     Made from the node table by `python -m road_clarity.nodes.launch_xml`. -->
<launch>"""
DEFAULTS = f"$(find-pkg-share {PACKAGE})/config/$(var preset).param.yaml"
GIVEN = "$(var params_file)"
CHOSEN = "road_clarity_parameters"  # whoever includes the file sees it as well
TYPES: dict[type[Value], str] = {str: "str", bool: "bool", float: "float"}


def text_of(name: str) -> str:
    """drive.launch.xml or replay.launch.xml"""
    processes, arguments = FILES[name]
    lines = [HEADING.format(name=name)]
    for argument, one in arguments.items():
        lines += ["  " + line for line in declared(argument, one)]
    lines += ["", *("  " + line for line in parameter_file())]
    for process in processes:
        lines += ["", *("  " + line for line in node(process))]
    return "\n".join([*lines, "</launch>", ""])


def declared(name: str, one: Argument) -> Iterator[str]:
    told = element("arg", name=name, default=substituted(one.default), description=one.doc)
    if not one.among:
        yield f"{told}/>"
        return
    yield f"{told}>"
    yield from (f"  {element('choice', value=word)}/>" for word in one.among)
    yield "</arg>"


def parameter_file() -> Iterator[str]:
    """Without a file of the user's the preset's own serves, which changes nothing: an empty name
    would be an error, and launch only warns of a missing file that it passes itself."""
    empty = f"$(eval \"'{GIVEN}' == ''\")"
    yield "<!-- With no file given, that of the preset: it holds the defaults. -->"
    yield f"{element('let', name=CHOSEN, value=DEFAULTS, **{'if': empty})}/>"
    yield f"{element('let', name=CHOSEN, value=GIVEN, unless=empty)}/>"


def node(process: Process) -> Iterator[str]:
    """No name: a process may hold several nodes, and a name would be given to all of them."""
    ending = {"respawn": "true", "respawn_delay": str(RESTART_PAUSE_S)}
    if not process.is_service:
        ending = {"on_exit": "shutdown"}
    given = ("--log-level $(var log_level) "
             f"--enclave {process.enclave} --params-file $(var {CHOSEN})")  # fmt: skip
    where = {"pkg": PACKAGE, "exec": process.executable, "namespace": "$(var namespace)"}
    yield f"{element('node', **where, output='screen', **ending)}"
    yield f"      ros_args={quoteattr(given)}>"
    for name, (kind, text) in process.parameters.items():
        yield f"  {element('param', name=name, value=substituted(text), type=TYPES[kind])}/>"
    for name, topic in process.remaps:
        yield f"  {element('remap', **{'from': name, 'to': substituted(topic)})}/>"
    yield "</node>"


def element(tag: str, **attributes: str) -> str:
    """'<tag name="value"', still open."""
    told = (f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<{tag} {' '.join(told)}"


def substituted(text: str) -> str:
    """'/{camera}/image_raw' -> '/$(var camera)/image_raw'"""
    return re.sub(r"\{(\w+)\}", r"$(var \1)", text)


def main() -> int:
    for name in FILES:
        path = LAUNCH / f"{name}.launch.xml"
        path.write_text(text_of(name))
        print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
