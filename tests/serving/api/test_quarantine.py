"""Decisions of operators on rows in quarantine, through the API."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from serving.errors import CheckNotReleasableError, KeyRefusedError, ScopeMissingError
from serving.schemas import NewDecision
from tests.support.serving.airflow_users import ADA, VERA
from tests.support.serving.api_server import Connected

WHY = "a campaign had 11 stars"
NOW = datetime.now(UTC)


def on(decision: str, landing_id: str | None = None, **fields: object) -> NewDecision:
    """Return a decision on ratings off the scale."""
    body = {"target": "ratings", "check": "rating_off_scale", "landed_until": NOW, "reason": WHY}
    return NewDecision.model_validate(
        body | {"decision": decision, "landing_id": landing_id} | fields
    )


def test_a_decision_is_kept_with_who_and_why_and_is_audited(connected: Connected) -> None:
    ada = connected(ADA)

    released = ada.decide(on("release", "one"))
    rejected = ada.decide(on("reject"))

    assert (released.decided_by, released.reason, released.landing_id) == ("ada", WHY, "one")
    assert ada.quarantine_decisions() == [rejected, released]
    assert ada.quarantine_decisions(limit=1) == [rejected]
    second, first = ada.audit().entries
    assert (first.action, first.target) == (
        "release_rows", "ratings, rating_off_scale, landing one",
    )  # fmt: skip
    assert (second.action, second.actor, second.reason) == ("reject_rows", "ada", WHY)
    assert second.before is not None
    assert second.before["decision_id"] == released.decision_id
    assert second.after is not None
    assert second.after["decision"] == "reject"


def test_a_repeated_decision_changes_nothing(connected: Connected) -> None:
    ada = connected(ADA)
    for decision in (on("release", "one"), on("reject")):
        assert ada.decide(decision) == ada.decide(decision)
    assert len(ada.quarantine_decisions()) == 2

    ada.decide(on("release", "one"))  # the rejection of all came between
    later = on("release", landed_until=datetime.now(UTC))
    assert ada.decide(later).landed_until > NOW
    assert len(ada.quarantine_decisions()) == 4


def test_no_decision_is_on_rows_that_land_later(connected: Connected) -> None:
    century = on("release", landed_until=NOW + timedelta(days=36500))
    decided = connected(ADA).decide(century)

    assert decided.landed_until <= decided.decided_at


@pytest.mark.parametrize("check", ["user_missing", "line_malformed", "user_erased", "nonesuch"])
def test_rows_without_what_an_event_needs_cannot_be_released(
    connected: Connected, check: str
) -> None:
    ada = connected(ADA)
    with pytest.raises(CheckNotReleasableError, match=f"'{check}' cannot be accepted"):
        ada.decide(on("release", check=check))

    assert ada.quarantine_decisions() == []
    [entry] = ada.audit().entries
    assert (entry.outcome, entry.problem) == ("refused", "check-not-releasable")
    assert ada.decide(on("reject", check=check)).decision == "reject"


def test_a_viewer_and_a_product_cannot_decide(
    connected: Connected, product_http: httpx2.Client
) -> None:
    for request in (
        lambda: connected(VERA).decide(on("reject")),
        lambda: connected(VERA).quarantine_decisions(),
    ):
        with pytest.raises(ScopeMissingError):
            request()
    product = connected(product_http.headers["Authorization"].removeprefix("Bearer "))
    with pytest.raises(KeyRefusedError):
        product.decide(on("reject"))
    assert connected(ADA).quarantine_decisions() == []


def test_the_api_changes_and_deletes_no_decision(connected: Connected, api: Engine) -> None:
    connected(ADA).decide(on("reject"))

    for statement in (
        "update quarantine_decisions set reason = ''",
        "delete from quarantine_decisions",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), api.begin() as connection:
            connection.exec_driver_sql(statement)
