"""Puts the limits of bodies before all applications of Airflow's API server.

Its processes read cookies in linear time: Airflow reads them before it asks who sent them.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from edge import cookies
from ops.machine.airflow.bodies import BodyLimit

cookies.read_in_linear_time()


class Limits(AirflowPlugin):
    """Registers the middleware."""

    name = "lantern_limits"
    fastapi_root_middlewares: list[dict[str, Any]] = [  # noqa: RUF012 # as in the base class
        {"name": "body limit", "middleware": BodyLimit, "args": [], "kwargs": {}}
    ]
