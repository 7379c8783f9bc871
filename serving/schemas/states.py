"""Health, readiness and problems."""

from typing import Literal

from pydantic import Field

from serving.errors import ApiError
from serving.schemas.base import Answer, with_example

_NO_ROUTE = ("method-not-allowed", "not-found")  # the codes of requests that no route answers
_CODES = [*sorted({kind.code for kind in ApiError.kinds()}.union(_NO_ROUTE))]


class Health(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Problem(Answer):
    """An error as an RFC 9457 problem (`application/problem+json`), with the next step."""

    model_config = with_example(
        type="urn:lantern:problem:unknown-item",
        title="Unknown item",
        status=404,
        detail="There is no item '0'.",
        instance="/v1/movielens_1m/items/0",
        code="unknown-item",
        next_step="Search by title, or create it with `PUT items/{id}`.",
    )

    type: str = Field(description="`urn:lantern:problem:` and the code.")
    title: str = Field(description="The kind of problem.")
    status: int
    detail: str = Field(description="A description of this case.")
    instance: str = Field(description="The path of the request.")
    code: str = Field(
        description="Stable, such as `unknown-item`.", json_schema_extra={"enum": [*_CODES]}
    )
    next_step: str = Field(description="What the caller can do.")


class Readiness(Answer):
    """Whether the process can serve this data set, or what is missing."""

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


class TableSize(Answer):
    """One table in Postgres."""

    name: str
    n_bytes: int = Field(description="Size on disk with indexes.")
    n_rows: int = Field(description="Postgres' estimate.")
