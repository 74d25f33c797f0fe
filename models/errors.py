"""The one error for what comes from outside: which field, which value, what to do about it."""

from __future__ import annotations


class BadInput(ValueError):
    """Input that cannot be used.  The command line prints it as one sentence and exits with 2."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        """field: what was wrong; value: what it held; remedy: what the user should do."""
        self.field, self.value, self.remedy = field, value, remedy
        super().__init__(f"{field} {value!s}: {remedy}")

    def __reduce__(self) -> tuple[type[BadInput], tuple[str, str, str]]:
        """So that it survives the way back from another process."""
        return type(self), (self.field, str(self.value), self.remedy)
