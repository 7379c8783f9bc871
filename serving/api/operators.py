"""Authentication of operators and viewers: users of Airflow, each with their own token from it.

There is no shared key. Airflow returns the user of a token and their role; the answer is cached by
the token's digest. Operators have the role Op or Admin. Viewers may read the DAGs of a data set.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import jwt
from anyio import CapacityLimiter, move_on_after, to_thread
from fastapi import Depends
from sqlalchemy import Connection

from airflow_api.answers import dataset_of
from airflow_api.client import Airflow, AirflowError, NotAllowedError, SignInRefusedError
from serving import errors
from serving.api.authentication import (
    Admitted,
    Authorized,
    Endpoint,
    InTurn,
    Needs,
    in_turn,
)
from serving.api.datasets import Datasets
from serving.api.expiring_cache import ExpiringCache
from serving.api.rate_limit import Turns
from serving.lists.releases.cache import ReleaseCache
from serving.storage import keys

MOST_LOOKUPS = 2  # lookups at once, in threads of their own: lists do not wait for Airflow
MOST_ACTS = 2  # acts in Airflow at once, in threads of their own as well
MOST_WAITING = 8  # previews, comparisons and inspections that wait for the one that is computed
TIMEOUT_SECONDS = 5  # seconds to wait for a free lookup, and for each answer of Airflow
ACT_SECONDS = 10  # seconds to wait for Airflow's answer to an act: Spark may be busy
TOKEN = re.compile(r"[\w-]{1,2048}\.[\w-]{1,4096}\.[\w-]{1,2048}", re.ASCII)  # RFC 7515, 3.1
T = TypeVar("T")
CLAIMS: dict[str, object] = {"verify_signature": False, "verify_exp": True, "require": ["exp"]}


@dataclass(frozen=True, slots=True)
class KnownUser:
    """An operator or a viewer; `datasets` are those whose DAGs a viewer may read."""

    name: str
    is_operator: bool
    datasets: frozenset[str] = frozenset()


class Operators:
    """Looks up the user of a token in Airflow and caches the answer.

    Args:
        airflow_url: without `/api/v2`; None: operators are not configured.
        seconds: lifetime of a cached answer.
        threads: number of the API's worker threads; there are fewer lookups at a time.
    """

    def __init__(self, airflow_url: str | None, seconds: float, threads: int = 4) -> None:
        self._airflow = Airflow(airflow_url, timeout=TIMEOUT_SECONDS) if airflow_url else None
        self._acting = Airflow(airflow_url, timeout=ACT_SECONDS) if airflow_url else None
        self._users = ExpiringCache[KnownUser](seconds)
        self._refused = ExpiringCache[errors.KeyRefusedError](seconds, keeps_expired=False)
        self.most_lookups = max(1, min(MOST_LOOKUPS, threads - 1))
        self._lookups = CapacityLimiter(self.most_lookups)
        self._acts = CapacityLimiter(MOST_ACTS)

    def was_valid(self, digest: str) -> bool:
        """Return whether the token was an operator's or a viewer's when it was last looked up."""
        return digest in self._users

    async def operator(self, token: str) -> KnownUser:
        """Return the operator with this token.

        Raises:
            ScopeMissingError: the user is not an operator.
            KeyRefusedError, OperatorsNotConfiguredError, OperatorCheckUnavailableError: see `user`.
        """
        user = await self.user(token)
        if not user.is_operator:
            raise errors.ScopeMissingError(f"{user.name!r} is not an operator.")
        return user

    async def viewer(self, token: str, dataset: str) -> KnownUser:
        """Return the user with this token, who is an operator or may read the data set's DAGs.

        Raises:
            ScopeMissingError: the user may not read them.
            KeyRefusedError, OperatorsNotConfiguredError, OperatorCheckUnavailableError: see `user`.
        """
        user = await self.user(token)
        if not user.is_operator and dataset not in user.datasets:
            raise errors.ScopeMissingError(
                f"{user.name!r} may not read the DAGs of the data set {dataset!r} in Airflow."
            )
        return user

    async def user(self, token: str) -> KnownUser:
        """Return the operator or viewer with this token.

        Raises:
            KeyRefusedError: the token is not one of Airflow's, or has expired.
            ScopeMissingError: the user may not even read the DAGs.
            OperatorsNotConfiguredError: the API has no address of Airflow.
            OperatorCheckUnavailableError: Airflow does not answer, or too many tokens are checked.
        """
        digest = keys.digest(token)
        user = self._users.peek(digest)
        if user is not None:
            return user
        refusal = self._refused.peek(digest)
        if refusal is not None:
            raise type(refusal)(str(refusal))
        try:
            return self._users.put(digest, await self._look_up(token))
        except errors.KeyRefusedError as error:
            self._users.drop(digest)
            self._refused.put(digest, type(error)(str(error)))
            raise

    async def act(self, token: str, perform: Callable[[Airflow], T]) -> T:
        """Return what `perform` returns, called with Airflow as the user of the token.

        Raises:
            OperatorsNotConfiguredError: the API has no address of Airflow.
        """
        if self._acting is None:
            raise errors.OperatorsNotConfiguredError("This API has no address of Airflow.")
        airflow = self._acting.as_user(token)
        return await to_thread.run_sync(perform, airflow, limiter=self._acts)

    def close(self) -> None:
        """Close the connections to Airflow."""
        for airflow in (self._airflow, self._acting):
            if airflow is not None:
                airflow.close()

    async def _look_up(self, token: str) -> KnownUser:
        if self._airflow is None:
            raise errors.OperatorsNotConfiguredError("This API has no address of Airflow.")
        must_be_current(token)
        borrower = object()
        with move_on_after(TIMEOUT_SECONDS) as waiting:
            await self._lookups.acquire_on_behalf_of(borrower)
        if waiting.cancelled_caught:
            raise errors.OperatorCheckUnavailableError("Too many tokens are being checked at once.")
        try:
            airflow = self._airflow.as_user(token)
            return await to_thread.run_sync(
                _operator_or_viewer, airflow, limiter=CapacityLimiter(1)
            )
        except SignInRefusedError as error:
            raise errors.KeyRefusedError("Airflow rejects this token: sign in again.") from error
        except AirflowError as error:
            raise errors.OperatorCheckUnavailableError("Airflow cannot check operators.") from error
        finally:
            self._lookups.release_on_behalf_of(borrower)


def _operator_or_viewer(airflow: Airflow) -> KnownUser:
    user = airflow.user()
    if user.is_operator:
        return KnownUser(user.name, is_operator=True)
    try:
        dag_ids = airflow.dags()
    except NotAllowedError as error:
        refusal = f"{user.name!r} may not read the DAGs in Airflow."
        raise errors.ScopeMissingError(refusal) from error
    return KnownUser(user.name, is_operator=False, datasets=frozenset(map(dataset_of, dag_ids)))


def must_be_current(token: str) -> None:
    """Check that a token is a JSON Web Token that has not expired. Its signature is not checked.

    Raises:
        KeyRefusedError: it is another text, or has expired.
    """
    if not TOKEN.fullmatch(token):
        raise errors.KeyRefusedError("This is not an Airflow token.")
    try:
        jwt.decode(token, options=CLAIMS)  # type: ignore[arg-type]
    except jwt.ExpiredSignatureError as error:
        raise errors.KeyRefusedError("This token has expired: sign in again.") from error
    except jwt.InvalidTokenError as error:
        raise errors.KeyRefusedError("This is not an Airflow token.") from error


class Comparisons(Turns):
    """Runs what takes long, one at a time and in a thread of its own: lists do not wait for it."""

    def __init__(self) -> None:
        super().__init__(
            errors.TooManyComparisonsError(
                "Too many previews, comparisons and inspections are computed at once."
            ),
            at_once=1,
            at_once_each=1,
            most_waiting=MOST_WAITING,
        )


class Erasures(Turns):
    """Runs erasures of many users one at a time and in a thread of its own, like `Comparisons`."""

    def __init__(self) -> None:
        super().__init__(
            errors.TooManyChangesError("Another request is erasing users."),
            at_once=1,
            at_once_each=1,
            most_waiting=MOST_WAITING,
        )


@dataclass(frozen=True, slots=True)
class OperatorCaller:
    """One request of an operator, or of a viewer, to one data set. Their token was checked."""

    datasets: Datasets
    release_caches: defaultdict[str, ReleaseCache]
    dataset: str
    name: str
    token: str = field(repr=False)
    is_operator: bool = True
    comparisons: Comparisons = field(default_factory=Comparisons, repr=False)
    erasures: Erasures = field(default_factory=Erasures, repr=False)

    @property
    def release_cache(self) -> ReleaseCache:
        """This process's cache of the data set's releases."""
        return self.release_caches[self.dataset]

    @property
    def sender(self) -> tuple[str, str, str]:
        """Who waits for a turn: the operator of the data set, not the key of the same name."""
        return self.dataset, "operator", self.name

    def connection(self) -> Connection:
        """Open a connection for single statements.

        Raises:
            UnknownDatasetError: the data set is not served here.
        """
        return self.datasets.connection(self.dataset)

    @contextmanager
    def transaction(self) -> Iterator[Authorized]:
        """Open a transaction; it commits at the end unless an error is raised.

        Raises: see `connection`.
        """
        with self.datasets.transaction(self.dataset) as connection:
            yield Authorized(connection, self.name)


_by_token = Admitted(
    scheme_name="Operator",
    description="The token of an Airflow user, from Airflow's `POST /auth/token`.",
)
Operator = Annotated[OperatorCaller, Depends(_by_token), Needs("operator")]
Viewer = Annotated[OperatorCaller, Depends(_by_token), Needs("viewer")]


def one_at_a_time(endpoint: Endpoint) -> InTurn:
    """Return the endpoint of an operator or a viewer, run by the API's `Comparisons`."""
    return in_turn(endpoint, lambda caller: (caller.comparisons, None))


def as_erasure(endpoint: Endpoint) -> InTurn:
    """Return the endpoint of an operator, run by the API's `Erasures`."""
    return in_turn(endpoint, lambda caller: (caller.erasures, None))
