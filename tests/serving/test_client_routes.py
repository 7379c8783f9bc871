"""The Python client has a method for each route, with each of its parameters."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from serving.api.app import create_app
from serving.errors import ApiError
from serving.operator_client import OperatorClient
from serving.storage.database import ServingSettings

WITHOUT_CLIENT = {("GET", "/health"), ("GET", "/ready"), ("GET", "/metrics")}
VALUES: Mapping[object, object] = {
    str: "x",
    int: 1,
    float: 1.0,
    bool: True,
    date: date(2026, 1, 1),
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
}
Request = tuple[str, str]  # method and path of the document


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The API without a database."""
    return create_app(ServingSettings(database_url="postgresql+psycopg2://x@127.0.0.1/x"))


@pytest.fixture(scope="module")
def parameters(app: FastAPI) -> dict[Request, set[str]]:
    """The names of the parameters after the `?` of each documented operation."""
    return {
        (method.upper(), path): {
            parameter["name"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        }
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture(scope="module")
def sent(parameters: dict[Request, set[str]]) -> dict[Request, set[str]]:
    """The same of the requests that the client sends if each method gets all its arguments."""
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(500)

    with httpx2.Client(base_url="http://api", transport=httpx2.MockTransport(answer)) as http:
        for method in methods(OperatorClient(http, "shop")):
            with suppress(ApiError):
                outcome = method(**arguments(method))
                next(outcome) if isinstance(outcome, Iterator) else None
    names: dict[Request, set[str]] = {}
    for request in requests:
        names.setdefault(documented(request, [*parameters]), set()).update(request.url.params)
    return names


def methods(client: OperatorClient) -> list[Callable[..., Any]]:
    """Return the client's public methods."""
    return [
        method for name, method in inspect.getmembers(client, inspect.ismethod) if name[0] != "_"
    ]


def arguments(method: Callable[..., Any]) -> dict[str, object]:
    """Return a value for each argument of the method."""
    hints = get_type_hints(method)
    return {name: value_of(hints[name]) for name in inspect.signature(method).parameters}


def value_of(hint: Any) -> object:
    """Return a value of the type; of a model, the example of the document."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return parts[0]
    if origin in {Union, UnionType}:
        return value_of(parts[0])
    if origin is Sequence:
        return [value_of(parts[0])]
    if origin is Mapping:
        return {"x": value_of(parts[1])}
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        extra = hint.model_config.get("json_schema_extra")
        return hint.model_validate(extra["examples"][0] if isinstance(extra, dict) else {})  # type: ignore[index] # a list of examples
    return VALUES[hint]


def documented(request: httpx2.Request, operations: Sequence[Request]) -> Request:
    """Return the operation that the request is of: a literal segment wins over a parameter."""
    segments = request.url.path.split("/")
    fitting = [
        (method, path)
        for method, path in operations
        if method == request.method and fits(segments, path.split("/"))
    ]
    assert fitting, f"no route answers {request.method} {request.url.path}"
    return min(fitting, key=lambda operation: operation[1].count("{"))


def fits(segments: Sequence[str], template: Sequence[str]) -> bool:
    return len(segments) == len(template) and all(
        part == segment or part.startswith("{")
        for segment, part in zip(segments, template, strict=True)
    )


def test_every_route_has_a_method(
    sent: dict[Request, set[str]], parameters: dict[Request, set[str]]
) -> None:
    assert sent.keys() == parameters.keys() - WITHOUT_CLIENT


def test_every_parameter_of_a_route_is_an_argument(
    sent: dict[Request, set[str]], parameters: dict[Request, set[str]]
) -> None:
    assert sent == {request: parameters[request] for request in sent}
