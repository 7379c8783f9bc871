"""Airflow on one machine: settings as environment variables, and the one-time set-up."""

import json
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from ops.errors import OpsError
from ops.machine import database, postgres_clients
from ops.machine.credentials import Credentials
from ops.machine.ports import Ports
from ops.machine.postgres import Server
from ops.settings import ADMIN_NAME, HOST, ROOT, OpsSettings

ADMIN_PASSWORD = "airflow_admin"  # noqa: S105 # a file name
TOKEN_SECONDS = 4 * 3600  # of an operator's sign-in
RESTORED = "restored with new passwords"  # in place of the note of the set-up
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
LOCAL_SETTINGS = '''"""Written by `lantern up`. Changes here are lost."""

from ops.machine.airflow import task_client

task_client.send_tokens_to_own_airflow_only()
'''
SETTINGS: dict[str, dict[str, object]] = {
    "CORE": {
        "EXECUTOR": "LocalExecutor",
        "PARALLELISM": 4,
        "LOAD_EXAMPLES": False,
        "AUTH_MANAGER": FAB,
        "DAGS_FOLDER": ROOT / "dags",
        "PLUGINS_FOLDER": ROOT / "ops" / "machine" / "airflow" / "plugins",
    },
    "API": {"HOST": HOST, "WORKERS": 1, "INSTANCE_NAME": "Lantern"},
    "API_AUTH": {"JWT_EXPIRATION_TIME": TOKEN_SECONDS, "JWT_CLI_EXPIRATION_TIME": TOKEN_SECONDS},
    "SCHEDULER": {
        "SCHEDULER_IDLE_SLEEP_TIME": 0.5,
        "JOB_HEARTBEAT_SEC": 2,
        # On a busy machine heartbeats are late. With 15 s, a scheduler marks itself as failed when
        # it looks for orphaned tasks, and starts its own running tasks once more.
        "SCHEDULER_HEALTH_CHECK_THRESHOLD": 60,
        "TASK_INSTANCE_HEARTBEAT_TIMEOUT": 120,
        "TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 5,
        "ORPHANED_TASKS_CHECK_INTERVAL": 15,
    },
    "DAG_PROCESSOR": {
        "REFRESH_INTERVAL": 10,
        "MIN_FILE_PROCESS_INTERVAL": 60,
        "PARSING_PROCESSES": 1,
        "BUNDLE_REFRESH_CHECK_INTERVAL": 2,
    },
    "WORKERS": {"EXECUTION_API_TIMEOUT": 10},
}


def environment(settings: OpsSettings, ports: Ports, secrets: Credentials) -> dict[str, str]:
    """Return Airflow's variables: settings and keys."""
    base = f"http://{HOST}:{ports.airflow}"
    login = f"airflow:{secrets.of('airflow')}"
    local: dict[str, dict[str, object]] = {
        "CORE": {
            "FERNET_KEY": secrets.fernet("airflow_fernet"),
            "EXECUTION_API_SERVER_URL": f"{base}/execution/",
        },
        "DATABASE": {
            "SQL_ALCHEMY_CONN": postgres_clients.url(login, ports.postgres, "airflow"),
            "SQL_ALCHEMY_CONN_ASYNC": postgres_clients.url(
                login, ports.postgres, "airflow", driver="psycopg"
            ),
        },
        "API": {
            "PORT": ports.airflow,
            "BASE_URL": settings.airflow_public_url or base,
            "SECRET_KEY": secrets.of("airflow_session") * 2,  # Airflow requires 64 bytes or more
        },
        "API_AUTH": {"JWT_SECRET": secrets.of("airflow_jwt") * 2, "JWT_ISSUER": "lantern"},
        "LOGGING": {"BASE_LOG_FOLDER": settings.airflow / "logs"},
    }
    return {
        "AIRFLOW_HOME": str(settings.airflow),
        **_variables(SETTINGS),
        **_variables(local),
    }


def connections(settings: OpsSettings, ports: Ports, secrets: Credentials) -> dict[str, str]:
    """Return the variables of the DAGs' connections, which the scheduler's tasks read.

    No other program has them: Airflow's API would answer them to any holder of a task's token.
    """
    return {
        "AIRFLOW_CONN_SPARK": json.dumps(spark(settings.spark_master)),
        "AIRFLOW_CONN_SERVING": json.dumps(serving(ports, secrets)),
        "AIRFLOW_CONN_AIRFLOW_METADATA": json.dumps(metadata(ports, secrets)),
    }


def write_local_settings(settings: OpsSettings) -> None:
    """Write the module that every program of Airflow imports as it starts."""
    file = settings.airflow / "config" / "airflow_local_settings.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(LOCAL_SETTINGS)


def spark(master: str) -> dict[str, object]:
    """Return the connection `spark`, from the URL of the master."""
    host, colon, port = master.rpartition(":")
    if colon and port.isdigit():
        return {"conn_type": "spark", "host": host, "port": int(port)}
    return {"conn_type": "spark", "host": master}


def serving(ports: Ports, secrets: Credentials) -> dict[str, object]:
    """Return the connection `serving`: Postgres, as the role `publisher`."""
    return _postgres(ports, secrets, "lantern", database.PUBLISHER)


def metadata(ports: Ports, secrets: Credentials) -> dict[str, object]:
    """Return the connection `airflow_metadata`: Airflow's database, for the task that cleans it."""
    return _postgres(ports, secrets, "airflow", database.AIRFLOW)


def _postgres(ports: Ports, secrets: Credentials, name: str, role: str) -> dict[str, object]:
    return {
        "conn_type": "postgres",
        "host": HOST,
        "port": ports.postgres,
        "schema": name,
        "login": role,
        "password": secrets.of(role),
        "extra": postgres_clients.AUTHENTICATED,
    }


def is_set_up(server: Server, pools: Sequence[str]) -> bool:
    """Return whether this version of Airflow has set up its database, with these pools."""
    return database.mark(server, "airflow") == _version_mark(pools)


def is_restored(server: Server) -> bool:
    """Return whether the database comes from a backup without its passwords."""
    return database.mark(server, "airflow") == RESTORED


def set_up(
    server: Server, command: list[str], environment: dict[str, str], pools: Sequence[str]
) -> None:
    """Migrate Airflow's database, create administrator and pools, and record the version.

    Raises:
        OpsError: The set-up failed. The message contains its last lines.
    """
    with _packages_without_percent() as packages:
        variables = environment | ({"PYTHONPATH": str(packages)} if packages else {})
        result = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode != 0:
        last = "\n".join((result.stdout + result.stderr).splitlines()[-15:])
        raise OpsError(f"Airflow's set-up failed:\n{last}\nRun `lantern up` again.")
    database.set_mark(server, "airflow", _version_mark(pools))


@contextmanager
def _packages_without_percent() -> Iterator[Path | None]:
    """Yield a link to the folder of the packages if its path has `%`, else None.

    Alembic reads `%` in the path of Airflow's migrations as the beginning of a variable.
    """
    packages = Path(sysconfig.get_path("purelib"))
    if "%" not in str(packages):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="lantern-airflow-") as temporary:
        link = Path(temporary) / "packages"
        link.symlink_to(packages)
        yield link


def admin(secrets: Credentials) -> tuple[str, str]:
    """Return name and password of the administrator."""
    return ADMIN_NAME, secrets.of(ADMIN_PASSWORD)


def introduction(secrets: Credentials, *, with_password: bool) -> list[str]:
    """Return the lines that present the new administrator.

    `with_password`: the lines are for a terminal, not for a file or a pipe that others may read.
    """
    name, password = admin(secrets)
    file = secrets.path(ADMIN_PASSWORD)
    if with_password:
        return [f"Airflow's administrator: {name}, password {password}",
                f"  (shown only now; stored in {file})"]  # fmt: skip
    return [f"Airflow's administrator: {name}; the password is in {file}"]


def _version_mark(pools: Sequence[str]) -> str:
    return f"set up by Airflow {version('apache-airflow')}, pools {' '.join(pools)}"


def _variables(sections: dict[str, dict[str, object]]) -> dict[str, str]:
    return {
        f"AIRFLOW__{section}__{name}": str(value)
        for section, values in sections.items()
        for name, value in values.items()
    }
