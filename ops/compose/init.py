"""One-time set-up of docker-compose.yml's services: `python -m ops.compose.init`.

Roles and databases, a schema and a demo key for each data set, Airflow's tables, its pool and its
administrator. It runs at every start, before the services, and changes nothing that is there.
"""

import logging
import os
import sys
from collections.abc import Mapping

import psycopg2

from ops.machine import airflow_setup, database
from ops.machine.credentials import Credentials
from ops.settings import OpsSettings
from warehouse import datasets

log = logging.getLogger(__name__)


class Given(Credentials):
    """Secrets that come from the environment, as `ops.compose.env` named them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def of(self, name: str) -> str:
        """Return the password of a role."""
        return self.environment[f"PASSWORD_{name.upper()}"]


def set_up_postgres(host: str, port: int, secrets: Credentials, settings: OpsSettings) -> None:
    """Make what the services need in Postgres. Safe to repeat."""
    opened = psycopg2.connect(
        host=host, port=port, user="postgres", password=secrets.of("postgres"), dbname="postgres"
    )
    opened.autocommit = True
    try:
        database.prepare_at(opened, secrets)
    finally:
        opened.close()
    owner, password = database.OWNER, secrets.of(database.OWNER)
    url = f"postgresql+psycopg2://{owner}:{password}@{host}:{port}/lantern"
    for dataset in datasets.installed():
        database.install_at(url, dataset.name, settings)
        log.info("schema is up to date dataset=%s", dataset.name)


def main(host: str = "postgres", port: str = "5432") -> None:
    """Set up Postgres, then Airflow, whose settings are in the environment."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
    given = Given(os.environ)
    set_up_postgres(host, int(port), given, OpsSettings())
    airflow_setup.main(given.of("airflow_admin"))
    log.info("Airflow is set up")


if __name__ == "__main__":
    main(*sys.argv[1:])
