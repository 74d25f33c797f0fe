"""Who may say and hear what where SROS2 is on, written from the tables of nodes and topics.

One enclave for each process; all that is not named is forbidden.

python -m road_clarity.nodes.sros2_policy                    for config/sros2/
python -m road_clarity.nodes.sros2_policy name:=value ...    for these launch arguments, to stdout
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from road_clarity.nodes.table import REPLAY, REPLAY_ARGUMENTS, Process, complete
from road_clarity.nodes.topics import DIAGNOSTICS, resolved

PLACE = Path(__file__).resolve().parents[1] / "config" / "sros2" / "policy.xml"
HEADING = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- ros2 security create_permission KEYSTORE /road_clarity/safety policy.xml, for every enclave below.
     Made from the tables of nodes and topics by `python -m road_clarity.nodes.sros2_policy`;
     for other topics or a namespace: `python -m road_clarity.nodes.sros2_policy namespace:=front ...` -->
<policy version="0.2.0">
  <enclaves>"""  # noqa: E501

# What every node of rclpy has, and a lifecycle node besides.
SAID_BY_ALL = ("/rosout", "/parameter_events")
HEARD_BY_ALL = ("/parameter_events", "/clock")
SERVICES = (
    "describe_parameters", "get_parameter_types", "get_parameters", "get_type_description",
    "list_parameters", "set_parameters", "set_parameters_atomically",
)  # fmt: skip
LIFECYCLE_SERVICES = (
    "change_state", "get_available_states", "get_available_transitions", "get_state",
    "get_transition_graph",
)  # fmt: skip


def text_of(arguments: Mapping[str, str]) -> str:
    """The policy for these launch arguments; all of them must be given."""
    lines = [HEADING]
    for process in REPLAY:
        lines += ["    " + line for line in enclave(process, arguments)]
    return "\n".join([*lines, "  </enclaves>", "</policy>", ""])


def enclave(process: Process, arguments: Mapping[str, str]) -> Iterator[str]:
    yield f'<enclave path="{process.enclave}">'
    yield "  <profiles>"
    for node, namespace, ends in resolved(process, arguments):
        yield f'    <profile ns="{namespace}" node="{node}">'
        own = f"{namespace.rstrip('/')}/{node}"
        said, heard = [*SAID_BY_ALL, *ends.publishes], [*HEARD_BY_ALL, *ends.subscribes]
        services = [*SERVICES]
        if process.is_service:  # its nodes are lifecycle nodes
            said += [DIAGNOSTICS, f"{own}/transition_event"]
            services += LIFECYCLE_SERVICES
        for line in (
            *block("topics", "publish", "topic", said),
            *block("topics", "subscribe", "topic", heard),
            *block("services", "reply", "service", (f"{own}/{name}" for name in services)),
        ):
            yield f"      {line}"
        yield "    </profile>"
    yield "  </profiles>"
    yield "</enclave>"


def block(tag: str, right: str, item: str, names: Iterable[str]) -> Iterator[str]:
    """Names from the root, which SROS2 takes as they are."""
    yield f'<{tag} {right}="ALLOW">'
    yield from (f"  <{item}>{escape(name)}</{item}>" for name in sorted(set(names)))
    yield f"</{tag}>"


def main(words: list[str]) -> int:
    given = dict(word.split(":=", 1) for word in words if ":=" in word)
    text = text_of(complete(REPLAY_ARGUMENTS, given))
    if given:
        print(text, end="")
    else:
        PLACE.parent.mkdir(exist_ok=True)
        PLACE.write_text(text)
        print(PLACE)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
