"""The API taken at its document's word: what may be sent is answered, what may not is refused.

Every check of Schemathesis is on. A search for mistakes takes more examples than a test:
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
from tests.support.serving.api_server import AT_ONCE, running_api
from tests.support.serving.server import as_role

EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
SOME = settings(
    max_examples=EXAMPLES,
    deadline=None,  # the machine is shared
    database=None,
    derandomize=EXAMPLES < 100,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
KEYLESS = ("/health", "/ready", "/metrics")  # and without parameters
RULES = "/rules"
FORGET = "DELETE /v1/{dataset}/users/{user_id}"


@pytest.fixture
def api_url(owner: Engine, committing: str) -> Iterator[str]:
    """An API that serves this test's schema alone: others broke theirs."""
    with AirflowUsers().served() as airflow:
        own = {"datasets": (schema_of(owner),), "airflow_url": airflow}
        with running_api(as_role(committing, "api"), AT_ONCE.model_copy(update=own)) as url:
            yield url


@pytest.fixture
def document(http: httpx2.Client, publisher: Engine) -> dict[str, Any]:
    """The document for one shop: its name, its scale and a time are what no schema can say."""
    shop.release(publisher, "one", instead_of=None)
    found: dict[str, Any] = http.get("/openapi.json").json()
    for methods in found["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "dataset":
                    parameter["schema"] = {"enum": [schema_of(publisher)]}
                if parameter["name"] == "item_id":
                    parameter["schema"]["examples"] = [*shop.TITLES]
    sent = found["components"]["schemas"]
    for name in ("Rating", "GivenRating"):
        sent[name]["properties"]["rating"] = {"type": "integer", "minimum": 1, "maximum": 10}
    for name in ("Rating", "Hide"):
        sent[name]["properties"]["occurred_at"] = {"enum": ["2026-01-01T00:00:00Z", None]}
    one_rule_of_each(sent)
    return found


def one_rule_of_each(sent: dict[str, Any]) -> None:
    """Ask for rules that do not contradict each other: nothing twice, no pin that is hidden."""
    of_rules = sent["SlateRules"]["properties"]
    of_rules["pin"]["maxItems"] = of_rules["boost"]["maxItems"] = 1
    of_rules["hide"]["items"] = {"enum": ["a", "b"]}
    sent["Pin"]["properties"]["item_id"] = {"enum": ["c", "d"]}


@pytest.fixture
def sessions(owner: Engine) -> Iterator[dict[bool, requests.Session]]:
    """Connections of who may do everything: an operator's, for rules, and a product's."""
    with Session(owner) as opened, opened.begin():
        key = keys.create(opened, "everything", ["read", "feedback", "operate"])
    with requests.Session() as operators, requests.Session() as products:
        operators.headers["Authorization"] = f"Bearer {ADA}"
        products.headers["Authorization"] = f"Bearer {key}"
        yield {True: operators, False: products}


def without_keys(document: dict[str, Any]) -> None:
    """Say nothing of keys: what is left out on purpose, the connection would send all the same."""
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)


def operations(document: dict[str, Any]) -> list[APIOperation[Any, Any, Any, Any]]:
    """Return every operation, and last the one after which nothing can be written."""
    schema = schemathesis.openapi.from_dict(document)
    found = [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr] # a broken one fails here
    return sorted(found, key=lambda operation: operation.label == FORGET)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name)
def test_every_route_does_what_the_document_says(
    document: dict[str, Any],
    sessions: dict[bool, requests.Session],
    api_url: str,
    mode: GenerationMode,
) -> None:
    if mode.is_negative:
        without_keys(document)
    tried = []
    for operation in operations(document):
        if mode.is_negative and not [*operation.iter_parameters(), *operation.body]:
            continue  # nothing can be sent that would be wrong

        @SOME
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Case[Any]) -> None:
            session = sessions[RULES in case.operation.path]
            case.call_and_validate(base_url=api_url, session=session)

        holds()
        tried.append(operation.label)
    assert len(tried) >= len(document["paths"]) - len(KEYLESS)
