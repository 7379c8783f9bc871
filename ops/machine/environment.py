"""The environment of each program, with the settings of all layers.

Variables from the shell or `.env` override the values derived here, except those of Airflow, Spark
and Postgres, which are removed.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ops.machine import airflow_config, credentials, database, processes
from ops.machine.ports import Ports
from ops.settings import HOST, ROOT, OpsSettings
from ops.setup import java

FOREIGN = ("AIRFLOW", "_AIRFLOW", "SPARK_", "PYSPARK_", "PG", "SERVING_", "FLASK_", "STREAMLIT_")


def of(program: str, settings: OpsSettings, ports: Ports) -> dict[str, str]:
    """Return the environment of a program."""
    secrets = credentials.of(settings)
    if program.startswith("airflow") or program == "job":
        special = airflow_config.environment(settings, ports, secrets) | spark(settings)
    elif program == "api":
        api = f"{database.API}:{secrets.of(database.API)}"
        special = {
            "SERVING_DATABASE_URL": f"postgresql+psycopg2://{api}@{HOST}:{ports.postgres}/lantern",
            "API_AIRFLOW_URL": f"http://{HOST}:{ports.airflow}",
            "API_SINGLE_CPU": "true",  # one API process runs on this machine
            "OPENBLAS_NUM_THREADS": "1",  # its matrices are small: threads cost more than they save
        }
    elif program == "app":
        special = _app(settings, ports)
    else:
        special = {}
    return special | base(settings) | {processes.PROGRAM: program}


def base(settings: OpsSettings) -> dict[str, str]:
    """Return the variables of every program: the cleaned shell environment and the lake's paths."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    lake = {"LAKE_ROOT": str(settings.lake), "LAKE_INBOX": str(settings.inbox)}
    binaries = str(Path(sys.prefix) / "bin")
    path = os.pathsep.join([binaries, os.environ.get("PATH", os.defpath)])
    ours = {"PATH": path, "OPS_VAR": str(settings.folder), "PYTHONUTF8": "1"}
    # SPT_NOENV: process titles must not overwrite the environment, which has the platform's mark.
    return lake | inherited | ours | {"SPT_NOENV": "1"}


def run_job(
    settings: OpsSettings, command: Sequence[str], *, capture_output: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a job without Airflow and return its result. `command`: its module and arguments."""
    variables, line = base(settings) | spark(settings), [sys.executable, "-m", *command]
    return subprocess.run(  # noqa: S603 # our own Python
        line, env=variables, cwd=ROOT, capture_output=capture_output, text=True, check=False
    )


def spark(settings: OpsSettings) -> dict[str, str]:
    """Return the variables of spark-submit and PySpark."""
    return {
        "JAVA_HOME": str(java.find().home),
        "SPARK_CONF_DIR": str(settings.spark_conf),
        "SPARK_LOCAL_IP": HOST,
        "PYSPARK_PYTHON": sys.executable,
    }


def _app(settings: OpsSettings, ports: Ports) -> dict[str, str]:
    chosen = settings.demo_dataset
    default = {"DEMO_DATASET": chosen.read_text()} if chosen.exists() else {}
    return default | {
        "DEMO_API_URL": f"http://{HOST}:{ports.api}",
        "DEMO_KEYS_FILE": str(settings.demo_keys),
        "CONSOLE_AIRFLOW_URL": f"http://{HOST}:{ports.airflow}",
    }
