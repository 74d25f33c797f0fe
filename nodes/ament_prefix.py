"""Make the Python environment an ament prefix: `ros2 launch road_clarity` finds this package.

colcon does the same when it installs; pip does not for an editable installation.  Links only, so
nothing is out of date after a change: `python -m road_clarity.nodes.ament_prefix`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from road_clarity.nodes.table import PACKAGE, REPLAY

ROOT = Path(__file__).resolve().parents[1]


def links(prefix: Path) -> dict[Path, Path]:
    """Where -> to what."""
    share, executables = prefix / "share" / PACKAGE, prefix / "lib" / PACKAGE
    marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / PACKAGE
    return {
        marker: ROOT / "resource" / PACKAGE,
        **{share / name: ROOT / name for name in ("package.xml", "launch", "config")},
        **{
            executables / process.executable: prefix / "bin" / process.executable
            for process in REPLAY
        },
    }


def main() -> int:
    for place, target in links(Path(sys.prefix)).items():
        if not target.exists():  # installed by pip and not editable: its files are there already
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink() or place.readlink() != target:
            place.unlink(missing_ok=True)
            place.symlink_to(target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
