"""Text that a user names, read as UTF-8 or refused with the reason."""

from __future__ import annotations

from pathlib import Path

from road_clarity.models.errors import BadInput


def read_text(path: Path) -> str:
    """Raises BadInput for what is no text file."""
    try:
        return path.read_text(encoding="utf-8")
    except (IsADirectoryError, NotADirectoryError):
        raise BadInput("file", path, "must be a text file, and a folder is in its place") from None
    except FileNotFoundError:
        raise BadInput("file", path, "does not exist") from None
    except UnicodeDecodeError as error:
        remedy = f"is no UTF-8 text (byte {error.start}); write it anew"
        raise BadInput("file", path, remedy) from None


def require_folder(field: str, path: Path) -> None:
    """Raises BadInput where there is none."""
    if not path.is_dir():
        raise BadInput(field, path, "is not a folder; name the one that holds the files")
