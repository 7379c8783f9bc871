"""Whether the API can serve, and what is wrong if it cannot."""

from typing import Literal

from pydantic import Field

from serving.schemas.base import Answer, like


class Health(Answer):
    """Whether the process answers."""

    status: Literal["ok"] = "ok"


class Problem(Answer):
    """An error as RFC 9457 has it (`application/problem+json`), with what to do next."""

    model_config = like(
        type="urn:lantern:problem:unknown-item",
        title="Unknown item",
        status=404,
        detail="There is no item '0'.",
        instance="/v1/movielens_1m/items/0",
        code="unknown-item",
        next_step="Search the catalogue for its title; a new item comes with the next release.",
    )

    type: str = Field(description="`urn:lantern:problem:` and the code.")
    title: str = Field(description="The kind of problem, in a few words.")
    status: int
    detail: str = Field(description="This very case, in a sentence.")
    instance: str = Field(description="The path that was asked.")
    code: str = Field(description="Stable: `unknown-item`, `no-release`, …")
    next_step: str = Field(description="What to do about it.")


class Readiness(Answer):
    """Whether the process can serve this data set, and what is missing if not."""

    ready: bool
    database: bool
    schema_version: str | None
    live_release: int | None
    detail: str


class AllReadiness(Answer):
    """Whether the process can serve all its data sets."""

    ready: bool
    detail: str
    datasets: dict[str, Readiness]
