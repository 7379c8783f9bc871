"""Start one of the programs: `python -m ops.machine.launch NAME`, as supervisord runs it.

The environment is built here, so that supervisord's file has no secrets and a restart reads new
settings. Orphans of an earlier run of the program are ended first: an orphaned worker keeps memory,
an orphaned Spark driver keeps a table's lock.
"""

import os
import sys
from pathlib import Path

from edge import serve
from ops.errors import OpsError
from ops.machine import environment, postgres, processes, stack
from ops.machine import ports as port_numbers
from ops.machine.airflow import config as airflow_config
from ops.machine.ports import Ports
from ops.settings import HOST, ROOT, OpsSettings, read
from ops.setup.jars import JarsMissingError
from ops.setup.java import JavaMissingError

AIRFLOW = ("python", "-P", "-m", "airflow")  # a script names Python, whose path may have blanks
SKIP_LOGS = "--skip-serve-logs"  # the log servers would listen on all interfaces


def command(program: str, settings: OpsSettings, ports: Ports) -> list[str]:
    """Return the command line of a program."""
    if program == "postgres":
        return stack.server(settings, ports).command()
    return {
        "airflow-api": [*AIRFLOW, "api-server", "--proxy-headers"],
        "airflow-dag-processor": [*AIRFLOW, "dag-processor"],
        "airflow-scheduler": [*AIRFLOW, "scheduler", SKIP_LOGS],
        "airflow-triggerer": [*AIRFLOW, "triggerer", SKIP_LOGS],
        "spark-jvm": ["python", "-P", "-m", "jobs.runtime.warm_jvm_server",
                      str(settings.spark_jvm), "--idle-seconds",
                      str(settings.spark_jvm_idle_seconds)],
        "api": ["python", "-m", "edge.serve", "serving.api.app:create_app", "--host", HOST,
                "--port", str(ports.api)],
        "app": ["python", "-m", "edge.serve", "dashboards.server.asgi:create_app", "--host", HOST,
                "--port", str(ports.app), "--websockets"],
    }[program]  # fmt: skip


def main(program: str) -> None:
    """End orphans of an earlier run, then replace this process with the program."""
    settings = read()
    ports = port_numbers.kept(settings)
    if ports is None:
        raise OpsError("no ports were chosen yet: run `lantern up`")
    parent = os.getppid()
    orphans = processes.of(settings.folder, program=program)
    processes.end([process for process in orphans if process.pid != parent], grace=5)
    if program.startswith("airflow"):
        airflow_config.write_local_settings(settings)
    variables = environment.of(program, settings, ports)
    line = command(program, settings, ports)
    os.chdir(ROOT)
    serve.allow_descriptors()
    if program == "postgres":
        drop_privileges(variables)
    os.execvpe(line[0], line, variables)  # noqa: S606 # supervisord must see the program itself


def drop_privileges(variables: dict[str, str]) -> None:
    """Switch from root to an unprivileged user, as Postgres requires."""
    user = postgres.run_as()
    os.chdir("/")
    if user is None:
        return
    variables["HOME"] = str(Path(user.pw_dir))
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (OpsError, JarsMissingError, JavaMissingError) as error:
        sys.exit(f"error: {error}")
