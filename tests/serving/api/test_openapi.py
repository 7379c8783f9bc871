"""The API does what its OpenAPI document says: valid requests are answered, others are refused.

All checks of Schemathesis are on. For a thorough search, raise the number of examples:
`EXAMPLES=1000 pytest tests/serving/api/test_openapi.py`.
"""

import os
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.storage import keys
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
SOME = settings(
    max_examples=EXAMPLES,
    database=None,
    derandomize=EXAMPLES < 100,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
FILTERS = ["released >= 1990 and available", "not price < 5 or category in ('Drama')"]
KEYLESS = ("/health", "/ready", "/metrics")  # and without parameters
OPERATORS = "Operator"  # the security scheme of routes for operators
ERASURES = ("DELETE /v1/{dataset}/users/{user_id}", "POST /v1/{dataset}/erasures")


@pytest.fixture
def api_url(owner: Engine, committing: str) -> Iterator[str]:
    """The URL of an API that serves only this test's schema: other tests break theirs."""
    with AirflowUsers().served() as airflow:
        own = {"datasets": (schema_of(owner),), "airflow_url": airflow}
        with running_api(as_role(committing, "api"), UNCACHED.model_copy(update=own)) as url:
            yield url


@pytest.fixture
def document(http: httpx2.Client, publisher: Engine) -> dict[str, Any]:
    """The OpenAPI document, restricted to the shop's name, scale and items, and to fixed times."""
    shop.release(publisher, "one", instead_of=None)
    document: dict[str, Any] = http.get("/openapi.json").json()
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "dataset":
                    parameter["schema"] = {"enum": [schema_of(publisher)]}
                if parameter["name"] == "filter":
                    parameter["schema"] = {"enum": FILTERS}
                if (parameter["name"], parameter["in"]) == ("item_id", "path"):
                    parameter["schema"]["examples"] = [*shop.TITLES]
    schemas = document["components"]["schemas"]
    for name in ("Rating", "GivenRating"):
        schemas[name]["properties"]["rating"] = {"type": "integer", "minimum": 1, "maximum": 10}
    for name in ("Rating", "Hide"):
        schemas[name]["properties"]["occurred_at"] = {"enum": ["2026-01-01T00:00:00Z", None]}
    only_declared_attributes(schemas)
    for name, day in (("first", "2026-01-01"), ("last", "2026-06-01")):
        schemas["NewBacktest"]["properties"][name] = {"enum": [day]}
    # each event and each change is refused on its own
    schemas["NewEvents"]["properties"]["events"]["items"] = {}
    change = schemas["ItemChanges"]["properties"]["items"]["items"]
    schemas["ItemChanges"]["properties"]["items"]["items"] = {"anyOf": [change, {}]}
    change = schemas["UserChanges"]["properties"]["users"]["items"]
    schemas["UserChanges"]["properties"]["users"]["items"] = {"anyOf": [change, {}]}
    only_consistent_rules(schemas)
    return document


def only_declared_attributes(schemas: dict[str, Any]) -> None:
    """Restrict the attributes of items and users to those of the shop, of their types."""
    for name in ("UserContent", "UserChange"):
        of_user = schemas[name]["properties"]["attributes"]
        [value] = of_user.pop("patternProperties").values()
        of_user |= {"properties": {"sex": value, "age": value}, "additionalProperties": False}
    for name, null in (("ItemContent", []), ("ItemPatch", ["null"]), ("ItemChange", ["null"])):
        schemas[name]["properties"]["attributes"] = {
            "type": ["object", *null],
            "properties": {
                "price": {"type": ["number", *null]},
                "brand": {"type": ["string", *null]},
                "tags": {"type": ["array", *null], "items": {"type": "string"}},
            },
            "additionalProperties": False,
        }


def only_consistent_rules(schemas: dict[str, Any]) -> None:
    """Restrict the rules to consistent ones: no duplicates, no item both pinned and hidden.

    The filter is one of the shop's.
    """
    of_rules = schemas["SlateRules"]["properties"]
    of_rules["pin"]["maxItems"] = of_rules["boost"]["maxItems"] = 1
    of_rules["hide"]["items"] = {"enum": ["a", "b"]}
    of_rules["keep_if"] = {"enum": [*FILTERS, None]}
    schemas["Pin"]["properties"]["item_id"] = {"enum": ["c", "d"]}


def only_consistent_shelves(schemas: dict[str, Any]) -> None:
    """Restrict shelves of placements to filters of the shop, and to minimums within limits."""
    of_shelf = schemas["PlacementShelf"]["properties"]
    of_shelf["filter"] = {"enum": [*FILTERS, None]}
    of_shelf["minimum"] |= {"maximum": 4}
    of_shelf["limit"] |= {"minimum": 4}


@pytest.fixture
def sessions(owner: Engine) -> Iterator[dict[bool, requests.Session]]:
    """HTTP sessions with all rights: with True an operator's, with False a product's."""
    with Session(owner) as opened, opened.begin():
        key = keys.create(opened, "everything", ["read", "feedback", "catalogue", "operate"])
    with requests.Session() as operators, requests.Session() as products:
        operators.headers["Authorization"] = f"Bearer {ADA}"
        products.headers["Authorization"] = f"Bearer {key}"
        yield {True: operators, False: products}


def labels_for_operators(document: dict[str, Any]) -> set[str]:
    """Return the labels of the operations that need an operator's token."""
    return {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if {OPERATORS} in map(set, operation.get("security", ()))
    }


def without_keys(document: dict[str, Any]) -> None:
    """Remove keys from the document: the HTTP sessions always send theirs."""
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)


def operations(document: dict[str, Any]) -> list[APIOperation[Any, Any, Any, Any]]:
    """Return all operations; erasures are last, because they block later writes for the user."""
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr] # raises for an invalid operation
    return sorted(operations, key=lambda operation: operation.label in ERASURES)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name)
def test_every_route_does_what_the_document_says(
    document: dict[str, Any],
    sessions: dict[bool, requests.Session],
    api_url: str,
    mode: GenerationMode,
) -> None:
    for_operators = labels_for_operators(document)
    if mode.is_negative:
        without_keys(document)
    else:
        only_consistent_shelves(document["components"]["schemas"])
    tried = []
    for operation in operations(document):
        if mode.is_negative and not [*operation.iter_parameters(), *operation.body]:
            continue  # no invalid request exists

        @SOME
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Case[Any]) -> None:
            session = sessions[case.operation.label in for_operators]
            case.call_and_validate(base_url=api_url, session=session)

        holds()
        tried.append(operation.label)
    assert len(tried) >= len(document["paths"]) - len(KEYLESS)
