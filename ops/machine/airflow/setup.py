"""Airflow's one-time set-up, in one process because importing Airflow is slow.

`lantern up` runs `python -m ops.machine.airflow.setup PASSWORD_FILE POOL…` with Airflow's settings
in the environment. After a restore with new passwords it adds `--reset-password`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from ops.settings import ADMIN_NAME, OpsSettings
from warehouse import datasets
from warehouse.tables.vocabulary import SPARK_POOL

RESET = "--reset-password"


def pools(settings: OpsSettings) -> list[str]:
    """Return the pools of Spark jobs, each with one slot."""
    own = [f"{SPARK_POOL}_{dataset.name}" for dataset in datasets.installed()]
    return [SPARK_POOL, *(own if settings.spark_slots == "per_dataset" else ())]


def main(password: str, names_of_pools: Sequence[str], *, resets: bool) -> None:
    """Migrate the database, create the pools of Spark jobs and the administrator.

    An administrator who is there already keeps the old password unless `resets`.
    """
    from airflow.cli.cli_parser import get_parser

    parser = get_parser()
    slots = [["pools", "set", name, "1", "One Spark job at a time"] for name in names_of_pools]
    for command in (["db", "migrate"], *slots):
        options = parser.parse_args(command)
        options.func(options)
    admin = ["-u", ADMIN_NAME, "-f", "Platform", "-l", "Admin", "-e", "admin@example.org"]
    options = parser.parse_args(["users", "create", "-r", "Admin", *admin])
    options.password = password  # an argument would be visible in the process list
    options.func(options)
    if resets:
        options = parser.parse_args(["users", "reset-password", "-u", ADMIN_NAME])
        options.password = password
        options.func(options)


if __name__ == "__main__":
    names = [argument for argument in sys.argv[2:] if argument != RESET]
    main(Path(sys.argv[1]).read_text(), names, resets=RESET in sys.argv)
