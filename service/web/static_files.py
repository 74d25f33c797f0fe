"""The page's own files.  Read once, by the names that lie in the package: no path from outside."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from road_clarity.service.web.reply import Reply

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def static_files() -> Mapping[str, Reply]:
    """Path -> content; the page itself lies at /."""
    folder = resources.files("road_clarity.service.web") / "static"
    found = {}
    for file in folder.iterdir():
        suffix = "." + file.name.rpartition(".")[2]
        if suffix in TYPES:
            path = "/" if file.name == "index.html" else f"/static/{file.name}"
            found[path] = Reply(200, TYPES[suffix], file.read_bytes())
    return found
