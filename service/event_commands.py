"""`road-clarity events`: the list, and what can be done with its entries."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from road_clarity.models.errors import BadInput
from road_clarity.service.commands import HERE, Address, AsJson, Pem, Timeout, events, quiet_grpc

if TYPE_CHECKING:
    from road_clarity.service.client import Client

app = typer.Typer(name="events", invoke_without_command=True, help="Flagged events of a run.")
EventId = Annotated[str, typer.Argument(metavar="EVENT", help="id of the event")]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="run or evidence folder")]
Who = Annotated[str, typer.Option(help="who says so; else the user of this machine")]


@app.callback()
def listed(
    context: typer.Context,
    filter: Annotated[
        str, typer.Option(help='such as: level >= elevated AND label = "UNLABELLED"')
    ] = "",
    order_by: Annotated[str, typer.Option(help="start_ns, peak_ns or score; 'score desc'")] = "",
    rebuild: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="make the index of this folder anew; needs no server"),
    ] = None,
    address: Address = HERE,
    timeout: Timeout = 10.0,
    as_json: AsJson = False,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """List the flagged events of the run that a server serves, or do something with one."""
    if context.invoked_subcommand is not None:
        return 0
    if rebuild is not None:
        return rebuilt(rebuild)
    return events(filter, order_by, address, timeout, as_json, tls_cert, tls_key, tls_ca)


@app.command()
def label(
    event: EventId,
    value: Annotated[
        str, typer.Argument(metavar="LABEL", help="true-risk, false-alarm, uncertain, unlabelled")
    ],
    note: Annotated[str, typer.Option(help="why, in your words")] = "",
    who: Who = "",
    etag: Annotated[str, typer.Option(help="refuse if somebody was faster")] = "",
    address: Address = HERE,
    timeout: Timeout = 10.0,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """Say what an event really was."""
    from road_clarity.pipeline.evidence.journal import label_named
    from road_clarity.service.printing import event_line

    name = label_named(value)
    with asking(address, timeout, tls_cert, tls_key, tls_ca) as client:
        print(event_line(client.label(event, name, note, who or getpass.getuser(), etag)))
    return 0


@app.command()
def pin(
    event: EventId,
    off: Annotated[bool, typer.Option("--off", help="let go of it again")] = False,
    who: Who = "",
    address: Address = HERE,
    timeout: Timeout = 10.0,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """Keep an event whatever happens."""
    from road_clarity.service.printing import event_line

    with asking(address, timeout, tls_cert, tls_key, tls_ca) as client:
        print(event_line(client.pin(event, not off, who or getpass.getuser())))
    return 0


@app.command()
def delete(
    event: EventId,
    who: Who = "",
    address: Address = HERE,
    timeout: Timeout = 10.0,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """Delete an event that is not pinned, with its evidence."""
    with asking(address, timeout, tls_cert, tls_key, tls_ca) as client:
        client.delete(event, who or getpass.getuser())
    print(f"{event} is gone")
    return 0


@app.command()
def similar(
    what: Annotated[str, typer.Argument(metavar="EVENT|IMAGE", help="event id or picture file")],
    count: Annotated[int, typer.Option(min=1, max=100, help="how many")] = 10,
    address: Address = HERE,
    timeout: Timeout = 60.0,
    as_json: AsJson = False,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """The events whose scene is most like that of another one, or of a picture."""
    from road_clarity.service.client import asked_for
    from road_clarity.service.printing import plain, similar_lines

    like = asked_for(what)
    if "index" in like:
        raise BadInput("what", what, "give the id of an event or a picture file")
    with asking(address, timeout, tls_cert, tls_key, tls_ca) as client:
        found = client.similar(count, **like)
    print(json.dumps(plain(found), indent=2) if as_json else "\n".join(similar_lines(found)))
    return 0


@app.command()
def export(
    event: EventId,
    to: Annotated[Path, typer.Option(help="folder to write to")] = Path(),
    everything: Annotated[
        bool, typer.Option("--bundle", help="all files as a tar archive, not only the clip")
    ] = False,
    address: Address = HERE,
    timeout: Timeout = 60.0,
    tls_cert: Pem = None,
    tls_key: Pem = None,
    tls_ca: Pem = None,
) -> int:
    """Fetch the evidence of an event: its clip, which can be replayed, or all of it."""
    with asking(address, timeout, tls_cert, tls_key, tls_ca) as client:
        name, content = client.export(event, everything)
    to.mkdir(parents=True, exist_ok=True)
    target = to / Path(name).name
    partial = target.with_name(f".{target.name}.partial")
    partial.write_bytes(content)
    partial.replace(target)
    print(target)
    return 0


@app.command()
def labelled(
    folder: Folder,
    value: Annotated[str, typer.Argument(metavar="LABEL", help="such as false-alarm")],
) -> int:
    """Print the clips that have a label, one a line; needs no server.

    To calibrate with labels give the whole run: `road-clarity calibrate RUN --reviewed`.
    """
    from road_clarity.pipeline.evidence import labelled as clips

    for path in clips(folder, value):
        print(path)
    return 0


@app.command()
def prune(
    folder: Folder,
    most_gb: Annotated[
        float | None, typer.Option(min=0.0, help="size that may stay [GB]; else 20")
    ] = None,
    most_days: Annotated[
        float | None, typer.Option(min=0.0, help="age that may stay [days]; else 180")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="only say what would go")] = False,
) -> int:
    """Delete the oldest events beyond a size or an age; needs no server.

    Pinned events and those labelled TRUE_RISK stay.
    """
    from road_clarity.pipeline.evidence.retention import RetentionConfig
    from road_clarity.pipeline.evidence.store import Evidence

    given = {"most_gb": most_gb, "most_days": most_days}
    limits = RetentionConfig(**{name: one for name, one in given.items() if one is not None})
    evidence = Evidence(existing(folder))
    gone = evidence.prune(limits, dry_run)
    evidence.close()
    for one in gone:
        print(f"{one.id}  {one.bytes / 1e6:.1f} MB")
    words = "would go" if dry_run else "are gone"
    print(f"{len(gone)} events {words}, {sum(one.bytes for one in gone) / 1e6:.1f} MB")
    return 0


def rebuilt(folder: Path) -> int:
    from road_clarity.pipeline.evidence.store import Evidence

    evidence = Evidence(existing(folder))
    count = evidence.rebuild()
    evidence.close()
    print(f"{evidence.folder}: {count} events")
    return 0


def existing(folder: Path) -> Path:
    """Raises BadInput."""
    if not folder.is_dir():
        raise BadInput("evidence folder", folder, "does not exist; name a run or evidence folder")
    return folder


@contextmanager
def asking(
    address: str, timeout: float, cert: Path | None, key: Path | None, ca: Path | None
) -> Iterator[Client]:
    """A client of the server.  Raises BadInput."""
    quiet_grpc()
    from road_clarity.service.address import Tls
    from road_clarity.service.client import connected

    with connected(address, Tls.of(cert, key, ca, "--tls-ca"), timeout) as client:
        yield client
