"""The base classes: of all errors of `serving`, and of those that the API answers."""

import re
from typing import ClassVar


class ServingError(Exception):
    """Base class of every error that this package raises."""


class ApiError(ServingError):
    """Base class of what the API answers; also an answer that the client cannot read.

    Each class says how it is sent as a problem: `code` is the class's name (`unknown-item` of
    `UnknownItemError`), `status` the HTTP status, `title` the kind of problem, `next_step` what the
    caller can do. `retry_after` is a number of seconds, where waiting helps.
    """

    code: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    next_step: ClassVar[str] = "See the API's log (`lantern logs api`)."
    retry_after: float | None = None

    def __init_subclass__(cls) -> None:
        cls.code = re.sub("(?<=[a-z])(?=[A-Z])", "-", cls.__name__.removesuffix("Error")).lower()

    @classmethod
    def kinds(cls) -> "list[type[ApiError]]":
        """Return this class and all that derive from it."""
        return [cls, *(kind for child in cls.__subclasses__() for kind in child.kinds())]
