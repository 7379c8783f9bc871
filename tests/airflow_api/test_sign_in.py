"""Who may use Airflow through the client, and an Airflow that cannot be reached."""

import secrets
import socket

import anyio
import pytest

from airflow_api.answers import User, dataset_of
from airflow_api.client import Airflow, AirflowUnavailableError, NotAllowedError, SignInRefusedError
from serving.api.operators import Operators
from serving.errors import KeyRefusedError, ScopeMissingError
from tests.support.airflow_api.running_airflow import INGEST, PASSWORD


def test_user_has_who_is_an_operator(admin: Airflow, viewer: Airflow) -> None:
    assert admin.user() == User("admin", is_operator=True)
    assert viewer.user() == User("vera", is_operator=False)


def test_the_api_accepts_tokens_of_operators_and_of_viewers_of_a_data_set(
    url: str, admin: Airflow, viewer: Airflow
) -> None:
    operators = Operators(url, seconds=0)
    assert admin.token
    assert viewer.token
    assert anyio.run(operators.operator, admin.token).name == "admin"
    with pytest.raises(ScopeMissingError, match="'vera' is not an operator"):
        anyio.run(operators.operator, viewer.token)
    known = anyio.run(operators.viewer, viewer.token, dataset_of(INGEST))
    assert (known.name, known.is_operator) == ("vera", False)
    with pytest.raises(ScopeMissingError, match="'vera' may not read the DAGs"):
        anyio.run(operators.viewer, viewer.token, "elsewhere")
    for invalid in ("not.a.token", secrets.token_urlsafe(32)):
        with pytest.raises(KeyRefusedError, match="not an Airflow token"):
            anyio.run(operators.operator, invalid)
    with pytest.raises(KeyRefusedError, match="sign in again"):
        anyio.run(operators.operator, admin.token[:-8] + "AAAAAAAA")
    operators.close()


def test_a_viewer_cannot_trigger_a_run(viewer: Airflow) -> None:
    with pytest.raises(NotAllowedError):
        viewer.trigger(INGEST)


def test_a_token_can_replace_the_login(url: str, admin: Airflow) -> None:
    assert Airflow(url, token=admin.token).user().name == "admin"


def test_a_wrong_password_is_refused(url: str) -> None:
    with pytest.raises(SignInRefusedError, match="'admin'"):
        Airflow(url, login=("admin", "wrong"))


@pytest.mark.parametrize("token", [None, "not.a.token"])
def test_a_missing_or_invalid_token_is_refused(url: str, token: str | None) -> None:
    with pytest.raises(SignInRefusedError):
        Airflow(url, token=token).dags()


def test_an_unreachable_airflow_is_an_error_with_the_next_step() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(AirflowUnavailableError, match="lantern up"):
        Airflow(address).dags()


@pytest.mark.usefixtures("viewer")
def test_signing_out_revokes_the_token(url: str) -> None:
    signed_in = Airflow(url, login=("vera", PASSWORD))
    assert signed_in.user().name == "vera"

    signed_in.sign_out()

    with pytest.raises(SignInRefusedError):
        signed_in.user()
