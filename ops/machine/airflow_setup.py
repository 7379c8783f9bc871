"""Airflow's one-time set-up, in one process because importing Airflow is slow.

`lantern up` runs `python -m ops.machine.airflow_setup PASSWORD_FILE` with Airflow's settings in the
environment. After a restore with new passwords it adds `--reset-password`.
"""

import sys
from pathlib import Path

from ops.settings import ADMIN_NAME

POOL = ("spark", "1", "One Spark job at a time")


def main(password: str, *, resets: bool) -> None:
    """Migrate the database, create the pool of Spark jobs and the administrator.

    An administrator who is there already keeps the old password unless `resets`.
    """
    from airflow.cli.cli_parser import get_parser

    parser = get_parser()
    for command in (["db", "migrate"], ["pools", "set", *POOL]):
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
    main(Path(sys.argv[1]).read_text(), resets="--reset-password" in sys.argv[2:])
