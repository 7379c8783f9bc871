"""Operators' acts from the terminal: through the API or, with `--direct`, in our Postgres.

Through the API, the actor in the audit is the operator who signs in. With `--direct` it is the
operating system's user, and the transaction is that of the schema's owner.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from sqlalchemy import Connection, text

from airflow_api.client import Airflow, AirflowUnavailableError
from edge import own_programs
from ops.errors import OpsError
from ops.machine import database, ports
from ops.machine.airflow import config as airflow_config
from ops.machine.stack import Stack, running
from ops.terminal import releases
from serving.acts import access, audit, publishing
from serving.acts.audit import Actor
from serving.errors import ApiUnavailableError
from serving.operator_client import OperatorClient
from serving.publishing import history
from serving.schemas import (
    Action,
    ApiKey,
    AuditPage,
    CreatedApiKey,
    DagRun,
    KeyScope,
    LiveState,
    ParameterValue,
    PastRelease,
)
from warehouse import datasets as manifests

TIMEOUT_SECONDS = 20
BY_HAND = "By hand"  # the reason of a retrain without one


@dataclass(frozen=True, slots=True)
class LocalUser:
    """The operating system's user, in a transaction of the schema's owner."""

    connection: Connection
    name: str


class DirectActs:
    """An operator's acts in this machine's Postgres, without the API and Airflow."""

    def __init__(self, stack: Stack, dataset: str) -> None:
        self._url = stack.server.url("lantern", database.OWNER, stack.secrets.of(database.OWNER))
        self._dataset = dataset

    @contextmanager
    def transaction(self) -> Iterator[Actor]:
        """Open a transaction; it commits at the end unless an error is raised."""
        with database.transaction(self._url, self._dataset) as session:
            if session.scalar(text("select to_regclass('audit')")) is None:
                raise OpsError(f"{self._dataset} has no current schema: run `lantern up`")
            yield LocalUser(session.connection(), releases.actor())

    def release_history(self, *, limit: int = 20) -> list[PastRelease]:
        """Return all releases, newest first."""
        with self.transaction() as actor:
            return history.newest(audit.session(actor), limit=limit)

    def activate(self, release_id: int, *, instead_of: int | None, reason: str) -> LiveState:
        """Make a release live."""
        return publishing.activate(
            self.transaction, release_id, instead_of=instead_of, reason=reason
        )

    def roll_back(self, *, instead_of: int | None, reason: str) -> LiveState:
        """Make the previous release live, and pause publishing."""
        return publishing.roll_back(self.transaction, instead_of=instead_of, reason=reason)

    def pause_publishing(self, *, reason: str) -> LiveState:
        """Pause publishing."""
        return publishing.pause(self.transaction, reason=reason)

    def resume_publishing(self, *, reason: str) -> LiveState:
        """Let retrains publish again."""
        return publishing.resume(self.transaction, reason=reason)

    def api_keys(self) -> list[ApiKey]:
        """Return the API keys by name."""
        return access.all_keys(self.transaction)

    def create_key(
        self, name: str, scopes: Sequence[KeyScope], *, reason: str = ""
    ) -> CreatedApiKey:
        """Return a new API key."""
        return access.create_key(self.transaction, name, scopes, reason=reason)

    def revoke_key(self, name: str, *, reason: str = "") -> ApiKey:
        """Revoke an API key."""
        return access.revoke_key(self.transaction, name, reason=reason)

    def audit(
        self, *, action: Action | None = None, actor: str | None = None, limit: int = 50
    ) -> AuditPage:
        """Return the newest entries of the audit that match."""
        with self.transaction() as reader:
            chosen = audit.Filter(action=action, actor=actor)
            return audit.page(audit.session(reader), chosen, limit=limit)


Acts = OperatorClient | DirectActs


@contextmanager
def acting(dataset: str, *, user: str | None, direct: bool) -> Iterator[Acts]:
    """Yield the acts on a data set.

    `user` is the operator's name in Airflow; None: the administrator of `lantern up`. With `direct`
    the acts are in this machine's Postgres instead, without Airflow and the API.

    Raises:
        OpsError: Airflow or the API does not answer; the message names `--direct`.
    """
    stack, name = running(), manifests.load_named(dataset).name
    if direct:
        yield DirectActs(stack, name)
        return
    try:
        with _client(stack, name, user) as client:
            yield client
    except (AirflowUnavailableError, ApiUnavailableError) as error:
        raise OpsError(
            f"{error} Add --direct to act in this machine's Postgres without Airflow and the API."
        ) from error


def start_retrain(
    stack: Stack, dataset: str, parameters: Mapping[str, ParameterValue], *, reason: str
) -> DagRun:
    """Start a retrain through the API as the administrator of `lantern up`.

    It waits behind an active one.
    """
    with _client(stack, dataset, None) as operator:
        return operator.start_retrain(parameters, reason=reason or BY_HAND, may_wait=True)


@contextmanager
def _client(stack: Stack, dataset: str, user: str | None) -> Iterator[OperatorClient]:
    addresses = ports.addresses(stack.ports)
    login = (user, _password(user)) if user else airflow_config.admin(stack.secrets)
    airflow = Airflow(addresses["airflow"], login=login)
    headers = {"Authorization": f"Bearer {airflow.token}"}
    airflow.close()
    with own_programs.client(addresses["api"], headers=headers, timeout=TIMEOUT_SECONDS) as http:
        yield OperatorClient(http, dataset)


def _password(user: str) -> str:
    password: str = typer.prompt(f"Password of {user} in Airflow", hide_input=True)
    return password
