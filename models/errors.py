"""The one error for what comes from outside: which field, which value, what to do about it."""


class BadInput(ValueError):
    """Input that cannot be used.  The command line prints it as one sentence and exits with 2."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        """field: what was wrong; value: what it held; remedy: what the user should do."""
        self.field, self.value, self.remedy = field, value, remedy
        super().__init__(f"{field} {value!s}: {remedy}")
