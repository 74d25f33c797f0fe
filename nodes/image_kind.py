"""Which of two kinds of images to listen to: drivers publish Image, CompressedImage, or change."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def choose_kind(
    known: Sequence[str], offered: Collection[str], current: str, is_silent: bool
) -> str | None:
    """One of `known`, those preferred first; None to stay.

    A driver that was killed is still offered by DDS for up to 20 s.  So a kind that is offered but
    brings nothing gives way to one that is offered as well.
    """
    found = [kind for kind in known if kind in offered]
    others = [kind for kind in found if kind != current]
    if not others or (current in found and not is_silent):
        return None
    return others[0]
