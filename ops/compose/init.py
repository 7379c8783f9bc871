"""Set up the services of docker-compose.yml: `python -m ops.compose.init`.

Creates roles and databases, a schema and a demo key for each data set, and Airflow's tables, pool
and administrator. It runs before the services at every start and keeps what exists.
"""

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import closing

import psycopg2

from ops.machine import database
from ops.machine.airflow import setup as airflow_setup
from ops.machine.credentials import Credentials
from ops.settings import OpsSettings
from warehouse import datasets

log = logging.getLogger(__name__)


class EnvironmentCredentials(Credentials):
    """Secrets from the environment, under the names of `ops.compose.env`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def of(self, name: str) -> str:
        """Return the password of a role."""
        return self.environment[f"PASSWORD_{name.upper()}"]


def set_up_postgres(host: str, port: int, secrets: Credentials, settings: OpsSettings) -> None:
    """Create roles, databases and schemas in Postgres. Repeatable."""
    connection = psycopg2.connect(
        host=host, port=port, user="postgres", password=secrets.of("postgres"), dbname="postgres"
    )
    connection.autocommit = True
    with closing(connection):
        database.prepare(connection, secrets)
    owner, password = database.OWNER, secrets.of(database.OWNER)
    url = f"postgresql+psycopg2://{owner}:{password}@{host}:{port}/lantern"
    for dataset in datasets.installed():
        database.install(url, dataset.name, settings)
        log.info("schema is up to date dataset=%s", dataset.name)


def main(host: str = "postgres", port: str = "5432") -> None:
    """Set up Postgres, then Airflow with the settings from the environment."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
    secrets = EnvironmentCredentials(os.environ)
    set_up_postgres(host, int(port), secrets, OpsSettings())
    pools = airflow_setup.pools(OpsSettings())
    airflow_setup.main(secrets.of("airflow_admin"), pools, resets=False)
    log.info("Airflow is set up")


if __name__ == "__main__":
    main(*sys.argv[1:])
