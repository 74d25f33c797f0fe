"""Reading a checkpoint file that somebody else wrote: safetensors, or torch's own format.

torch's format is a pickle, which may hold code; it is read by torch's restricted reader only, which
knows tensors and plain containers and runs nothing.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from road_clarity.models.errors import BadInput

ZIP, PICKLE = b"PK\x03\x04", b"\x80"  # how torch's new and old format begin
# what torch's reader raises for files that are broken or were made to break it
BROKEN = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, EOFError,
          OverflowError, MemoryError, AssertionError, struct.error, zipfile.BadZipFile)  # fmt: skip


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """What the file holds: a state dict or something around one.  Raises BadInput."""
    if not path.is_file():
        raise BadInput("checkpoint", path, "is no file; name the .pth, .bin or .safetensors file")
    with path.open("rb") as file:
        head = file.read(16)
    content = read_torch(path) if head.startswith((ZIP, PICKLE)) else read_safetensors(path, head)
    if not isinstance(content, Mapping):
        raise BadInput("checkpoint", path, f"holds a {type(content).__name__}, not a state dict")
    return content


def read_safetensors(path: Path, head: bytes) -> dict[str, torch.Tensor]:
    """head: the first bytes; after 8 of them, which say how long it is, the JSON header begins"""
    if head[8:9] != b"{":
        what = "empty" if not head else "neither safetensors nor torch's format"
        raise BadInput("checkpoint", path, f"is {what}; {told_by_suffix(path)}")
    try:
        return load_file(path)
    except (SafetensorError, KeyError, ValueError) as error:
        raise BadInput("checkpoint", path, f"is cut short or damaged ({error})") from error


def told_by_suffix(path: Path) -> str:
    """What to do about a file that is no checkpoint."""
    if path.suffix == ".t7":
        return "convert Torch7's .t7 first, with SCNN_Pytorch's t7_to_pt.py"
    return "name the .pth, .bin or .safetensors file"


def read_torch(path: Path) -> object:
    """Everything but code.  Raises BadInput."""
    try:
        inside = zipfile.ZipFile(path).namelist() if zipfile.is_zipfile(path) else []
        if not inside or is_plain(inside):
            with warnings.catch_warnings(action="ignore"):  # about unusual pickles that are read
                return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        remedy = f"holds code or objects beside tensors ({reason(error)}), which are never run; if "
        remedy += "you trust it, load it where it was made and save its state dict alone"
        raise BadInput("checkpoint", path, remedy) from error
    except BROKEN as error:
        raise BadInput("checkpoint", path, f"is cut short or damaged ({reason(error)})") from error
    raise BadInput("checkpoint", path, f"is an archive of {len(inside)} files, not a checkpoint; "
                   "unpack it, or save a program's state dict")  # fmt: skip


def is_plain(inside: list[str]) -> bool:
    """Whether these files of an archive are torch's, and not a TorchScript program's."""
    ends = {name.rpartition("/")[2] for name in inside}
    return "data.pkl" in ends and "constants.pkl" not in ends


def reason(error: BaseException) -> str:
    """What an error is about: the forbidden name in the pickle, or its first sentence."""
    if found := re.search(r"GLOBAL (\S+)", str(error)):
        return found[1]
    return " ".join(str(error).split(". ")[0].split())[:160] or type(error).__name__


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
