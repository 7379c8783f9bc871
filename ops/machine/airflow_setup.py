"""Airflow's one-time set-up, in one process: importing Airflow is what takes long.

Run by `lantern up` as `python -m ops.machine.airflow_setup`, with Airflow's settings in the
environment and the name of the file with the administrator's password as its argument.
"""

import sys
from pathlib import Path

from ops.settings import NAME_OF_ADMIN

POOL = ("spark", "1", "One Spark job at a time")


def main(password: str) -> None:
    """Migrate the database, make the pool of the Spark jobs and the administrator."""
    from airflow.cli.cli_parser import get_parser

    parser = get_parser()
    for command in (["db", "migrate"], ["pools", "set", *POOL]):
        asked = parser.parse_args(command)
        asked.func(asked)
    person = ["-u", NAME_OF_ADMIN, "-f", "Platform", "-l", "Admin", "-e", "admin@example.org"]
    asked = parser.parse_args(["users", "create", "-r", "Admin", *person])
    asked.password = password  # in no process list
    asked.func(asked)


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_text())
