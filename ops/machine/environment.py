"""The environment of each program: settings of all layers, made from one place.

What a person set in the environment or in `.env` wins over what is derived here. Nothing of
Airflow's, Spark's or Postgres' own variables leaks in from the shell.
"""

import os
import sys
from pathlib import Path

from ops.machine import airflow_config, credentials, database, processes
from ops.machine.ports import Ports
from ops.settings import HOST, OpsSettings
from ops.setup import java

FOREIGN = ("AIRFLOW", "_AIRFLOW", "SPARK_", "PYSPARK_", "PG", "SERVING_", "FLASK_", "STREAMLIT_")


def of(program: str, settings: OpsSettings, ports: Ports) -> dict[str, str]:
    """Return the whole environment of a program."""
    secrets = credentials.of(settings)
    if program.startswith("airflow") or program == "job":
        special = airflow_config.environment(settings, ports, secrets) | spark(settings)
    elif program == "api":
        special = {
            "SERVING_DATABASE_URL": url(ports, database.API, secrets.of(database.API)),
            "API_AIRFLOW_URL": f"http://{HOST}:{ports.airflow}",
            "API_SINGLE_CPU": "true",  # there is one of it
            "OPENBLAS_NUM_THREADS": "1",  # its sums are small: threads would wait for each other
        }
    elif program == "app":
        special = _app(settings, ports)
    else:
        special = {}
    return special | base(settings) | {processes.PROGRAM: program}


def base(settings: OpsSettings) -> dict[str, str]:
    """Return what every program sees: the shell's environment, cleaned, and where the lake is."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    lake = {"LAKE_ROOT": str(settings.lake), "LAKE_INBOX": str(settings.inbox)}
    binaries = str(Path(sys.prefix) / "bin")
    path = os.pathsep.join([binaries, os.environ.get("PATH", os.defpath)])
    ours = {"PATH": path, "OPS_VAR": str(settings.folder), "PYTHONUTF8": "1"}
    # Airflow's titles must not be written over the environment: it holds the platform's mark.
    return lake | inherited | ours | {"SPT_NOENV": "1"}


def job(settings: OpsSettings) -> dict[str, str]:
    """Return what a job sees that Airflow did not start."""
    return base(settings) | spark(settings)


def spark(settings: OpsSettings) -> dict[str, str]:
    """Return what spark-submit and PySpark need: settings, our Java, our Python, loopback."""
    return {
        "JAVA_HOME": str(java.find().home),
        "SPARK_CONF_DIR": str(settings.spark_conf),
        "SPARK_LOCAL_IP": HOST,
        "PYSPARK_PYTHON": sys.executable,
    }


def url(ports: Ports, role: str, password: str) -> str:
    """Return the address of the serving database for a role."""
    return f"postgresql+psycopg2://{role}:{password}@{HOST}:{ports.postgres}/lantern"


def _app(settings: OpsSettings, ports: Ports) -> dict[str, str]:
    chosen = settings.demo_dataset
    default = {"DEMO_DATASET": chosen.read_text()} if chosen.exists() else {}
    return default | {
        "DEMO_API_URL": f"http://{HOST}:{ports.api}",
        "DEMO_KEYS_FILE": str(settings.demo_keys),
        "CONSOLE_AIRFLOW_URL": f"http://{HOST}:{ports.airflow}",
    }
