"""The client by which Airflow's tasks talk to Airflow, restricted to our own Airflow.

A task sends its token with each request. While Airflow is down, any user of the machine could
listen on its port and get the token.
"""

import httpx
import httpx2
from airflow.sdk.api.client import Client

from edge import own_programs

_initialise = Client.__init__


def send_tokens_to_own_airflow_only() -> None:
    """Let every client of this process check who listens before it sends a request."""
    Client.__init__ = _checking  # type: ignore[method-assign, assignment]


def _checking(client: Client, /, **options: object) -> None:
    _initialise(client, **options)  # type: ignore[arg-type]
    client.event_hooks["request"].append(_reach_ours)


def _reach_ours(request: httpx.Request) -> None:
    """Send a request of Airflow's `httpx` as `own_programs` does with one of our `httpx2`.

    Raises:
        ConnectError: nobody listens, or a user who is not trusted. The client tries again.
    """
    checked = httpx2.Request(request.method, str(request.url))
    try:
        own_programs.reach_ours(checked)
    except httpx2.ConnectError as error:
        raise httpx.ConnectError(str(error), request=request) from error
    request.url = httpx.URL(str(checked.url))
    request.extensions = {**request.extensions, **checked.extensions}
