"""What the engine needs to know about a data set: the part of a manifest that it reads."""

from collections.abc import Mapping
from typing import Literal, Protocol

ValueMeaning = Literal["count", "amount", "share"]


class Scale(Protocol):
    """The rating scale of a data set."""

    @property
    def lowest(self) -> float: ...  # noqa: D102
    @property
    def highest(self) -> float: ...  # noqa: D102
    @property
    def relevant_from(self) -> float: ...  # noqa: D102


class Kind(Protocol):
    """One kind of event."""

    @property
    def weight(self) -> float: ...  # noqa: D102
    @property
    def positive_from(self) -> float: ...  # noqa: D102
    @property
    def value(self) -> ValueMeaning: ...  # noqa: D102


class Windows(Protocol):
    """How fast preferences change."""

    @property
    def half_life_days(self) -> float: ...  # noqa: D102


class Training(Protocol):
    """What a retrain starts with."""

    @property
    def recipe(self) -> str: ...  # noqa: D102


class Facts(Protocol):
    """A data set. Without a scale, `scale` is 0 to 1 and 1 is relevant."""

    @property
    def scale(self) -> Scale: ...  # noqa: D102
    @property
    def has_scale(self) -> bool: ...  # noqa: D102
    @property
    def has_times(self) -> bool: ...  # noqa: D102
    @property
    def kinds(self) -> Mapping[str, Kind]: ...  # noqa: D102
    @property
    def positive_kinds(self) -> Mapping[str, Kind]: ...  # noqa: D102
    @property
    def blocking_kinds(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def windows(self) -> Windows: ...  # noqa: D102
    @property
    def training(self) -> Training: ...  # noqa: D102
