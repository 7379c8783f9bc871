"""Puts the limits of bodies before all applications of Airflow's API server."""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from ops.machine.airflow.bodies import BodyLimit


class Limits(AirflowPlugin):
    """Registers the middleware."""

    name = "lantern_limits"
    fastapi_root_middlewares: list[dict[str, Any]] = [  # noqa: RUF012 # as in the base class
        {"name": "body limit", "middleware": BodyLimit, "args": [], "kwargs": {}}
    ]
