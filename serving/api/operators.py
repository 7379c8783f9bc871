"""Authentication of operators: users of Airflow, each with their own token from Airflow.

There is no shared key. Airflow returns the user of a token and their role; the name is cached by
the token's digest.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from airflow_api.client import Airflow, AirflowError, SignInRefusedError
from serving import errors
from serving.api.authentication import Authorized
from serving.api.datasets import Datasets
from serving.api.expiring_cache import ExpiringCache
from serving.api.rate_limit import RateLimiter
from serving.storage import keys

# Lookups run in the threads that also serve lists: a caller without a key must not occupy them all.
CONCURRENT_LOOKUPS = 4
TIMEOUT_SECONDS = 5
TOKEN = re.compile(r"[\w.~+/-]{1,8192}=*", re.ASCII)  # RFC 6750, 2.1

_bearer = HTTPBearer(
    scheme_name="Operator",
    auto_error=False,
    description="The token of an Airflow user, from Airflow's `POST /auth/token`.",
)


class Operators:
    """Looks up the user of a token in Airflow and caches their name.

    Args:
        airflow_url: without `/api/v2`; None: operators are not configured.
        seconds: lifetime of a cached name.
    """

    def __init__(self, airflow_url: str | None, seconds: float) -> None:
        self._airflow = Airflow(airflow_url, timeout=TIMEOUT_SECONDS) if airflow_url else None
        self._names = ExpiringCache[str](seconds)
        self._lookups = BoundedSemaphore(CONCURRENT_LOOKUPS)

    def name(self, token: str) -> str:
        """Return the name of the operator with this token.

        Raises:
            KeyRefusedError: the token is unknown to Airflow, or has expired.
            ScopeMissingError: the user is not an operator.
            OperatorsNotConfiguredError: the API has no address of Airflow.
            OperatorCheckUnavailableError: Airflow does not answer.
        """
        return self._names.get(keys.digest(token), lambda: self._look_up(token))

    def close(self) -> None:
        """Close the connections to Airflow."""
        if self._airflow is not None:
            self._airflow.close()

    def _look_up(self, token: str) -> str:
        if self._airflow is None:
            raise errors.OperatorsNotConfiguredError("This API has no address of Airflow.")
        if not TOKEN.fullmatch(token):
            raise errors.KeyRefusedError("This is not an Airflow token.")
        if not self._lookups.acquire(blocking=False):
            raise errors.OperatorCheckUnavailableError("Too many tokens are being checked at once.")
        try:
            user = self._airflow.user(token)
        except SignInRefusedError as error:
            raise errors.KeyRefusedError("Airflow rejects this token: sign in again.") from error
        except AirflowError as error:
            raise errors.OperatorCheckUnavailableError("Airflow cannot check operators.") from error
        finally:
            self._lookups.release()
        if not user.is_operator:
            raise errors.ScopeMissingError(f"{user.name!r} is not an operator.")
        return user.name


@dataclass(frozen=True, slots=True)
class OperatorCaller:
    """One operator's request to one data set, before the token is checked."""

    datasets: Datasets
    operators: Operators
    rate_limiter: RateLimiter
    dataset: str
    token: str | None = field(repr=False)

    @contextmanager
    def connection(self) -> Iterator[Authorized]:
        """Open a connection for single statements, for operators only.

        Raises:
            UnknownDatasetError: the data set is not served here.
            TooManyRequestsError: the token exceeds its rate limit.
            KeyRefusedError, ScopeMissingError, OperatorsNotConfiguredError,
            OperatorCheckUnavailableError: see `Operators.name`.
        """
        name = self._name()
        with self.datasets.connection(self.dataset) as connection:
            yield Authorized(connection, name)

    @contextmanager
    def transaction(self) -> Iterator[Authorized]:
        """Open a transaction, for operators only; it commits at the end unless an error is raised.

        Raises: see `connection`.
        """
        name = self._name()
        with self.datasets.transaction(self.dataset) as connection:
            yield Authorized(connection, name)

    def _name(self) -> str:
        if self.token is None:
            raise errors.KeyRefusedError("The request carries no token.")
        self.rate_limiter.take(keys.digest(self.token))
        return self.operators.name(self.token)


async def operator(
    request: Request,
    dataset: str,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> OperatorCaller:
    """Return the caller, unchecked: the token is checked later, in the route's thread."""
    state = request.app.state
    token = None if credentials is None else credentials.credentials
    return OperatorCaller(state.datasets, state.operators, state.rate_limiter, dataset, token)
