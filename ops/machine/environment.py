"""The environment of each program, with the settings of all layers.

Of the shell's variables only those in the lists below reach a program, and those that the setting
OPS_INHERIT names. Lantern's own variables, from the shell or `.env`, override the values derived
here.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from edge.loopback import direct
from jobs.cluster import executors
from ops.machine import credentials, database, postgres_clients, processes
from ops.machine.airflow import config as airflow_config
from ops.machine.ports import Ports
from ops.settings import HOST, ROOT, OpsSettings
from ops.setup import jars, java, object_store, proxies
from warehouse import datasets
from warehouse.tables.vocabulary import SPARK_JVM_SOCKET

OURS = (
    "API_",
    "APP_",
    "CONSOLE_",
    "DATASETS_",
    "DEMO_",
    "EDGE_",
    "LAKE_",
    "LINEAGE_",
    "LOG_",
    "OPS_",
    "RETENTION_",
)
LINEAGE_KEY = "LINEAGE_API_KEY"
AWS = "AWS_"  # first letters of the variables of delta-rs and of Hadoop's client for S3
SECRET = ("ALERT_*", "KAFKA_*", "VISITOR_*")  # settings with secrets, each for one program
COMMON = ("HOME", "JAVA_HOME", "LD_LIBRARY_PATH", "LOGNAME", "SHELL", "TERM", "TMPDIR", "USER")
# Java names files in the encoding of the locale, and libraries take the machine's time zone for
# times without one: neither may depend on the shell.
EVERYWHERE_THE_SAME = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
}
# Downloads need them, and the address of a proxy may have a password.
OF_DOWNLOADS = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
)


def of(program: str, settings: OpsSettings, ports: Ports) -> dict[str, str]:
    """Return the environment of a program."""
    secrets = credentials.of(settings)
    if program.startswith("airflow") or program == "job":
        special = airflow_config.environment(settings, ports, secrets)
        if program == "airflow-scheduler":
            special |= airflow_config.connections(settings, ports, secrets) | alerts(ports)
            special |= inherited(("KAFKA_*",))  # one of them is a secret
    elif program == "api":
        api = f"{database.API}:{secrets.of(database.API)}"
        special = {
            "SERVING_DATABASE_URL": postgres_clients.url(api, ports.postgres, "lantern"),
            "API_AIRFLOW_URL": f"http://{HOST}:{ports.airflow}",
            "API_SINGLE_CPU": "true",  # one API process runs on this machine
            "API_DISK_FOLDERS": json.dumps([str(settings.folder)]),
            "OPENBLAS_NUM_THREADS": "1",  # its matrices are small: threads cost more than they save
        }
    elif program == "app":
        special = _app(settings, ports, secrets)
    else:
        special = {}
    is_downloading = program.startswith("airflow") or program == "job"
    downloads = of_downloads() if is_downloading else {}
    runs_spark = is_downloading or program == "spark-jvm"
    needed = spark(settings) if runs_spark else {}  # wins over the JAVA_HOME of the shell
    common = base(settings)
    if not is_downloading:
        common.pop(LINEAGE_KEY, None)  # jobs alone send lineage
    if program in {"airflow-scheduler", "job", "app"}:
        special |= of_object_store(common["LAKE_ROOT"])
    return special | downloads | common | needed | {processes.PROGRAM: program}


def base(settings: OpsSettings) -> dict[str, str]:
    """Return the variables of every program: what it inherits, and the lake's paths."""
    from_shell = inherited((*COMMON, *settings.inherit, *(f"{prefix}*" for prefix in OURS)))
    lake = {"LAKE_ROOT": str(settings.lake), "LAKE_INBOX": str(settings.inbox)}
    binaries = str(Path(sys.prefix) / "bin")
    path = os.pathsep.join([binaries, os.environ.get("PATH", os.defpath)])
    home_of_programs = home(settings)
    home_of_programs.mkdir(parents=True, exist_ok=True)
    ours = {"PATH": path, "OPS_VAR": str(settings.folder), "HOME": str(home_of_programs)}
    # SPT_NOENV: process titles must not overwrite the environment, which has the platform's mark.
    return lake | from_shell | ours | EVERYWHERE_THE_SAME | direct() | {"SPT_NOENV": "1"}


def of_object_store(root: str) -> dict[str, str]:
    """Return the keys and the endpoint of the lake's store, for the programs that read the lake."""
    return inherited((f"{AWS}*",)) if object_store.is_used(root) else {}


def home(settings: OpsSettings) -> Path:
    """Return the home of programs: the user's, or a folder of ours if that cannot be written."""
    of_user = os.environ.get("HOME", "")
    is_usable = of_user and os.access(of_user, os.W_OK | os.X_OK)
    return Path(of_user) if is_usable else settings.run / "home"


def inherited(patterns: Iterable[str]) -> dict[str, str]:
    """Return the variables of this process whose names match, in upper or lower case."""
    patterns = tuple(patterns)
    return {
        name: value
        for name, value in os.environ.items()
        if any(fnmatchcase(name.upper(), pattern.upper()) for pattern in patterns)
    }


def of_downloads() -> dict[str, str]:
    """Return the proxies and certificates of this process; SOCKS proxies cannot be used."""
    return {
        name: value
        for name, value in inherited(OF_DOWNLOADS).items()
        if not proxies.unsupported(name, value)
    }


def run_job(
    settings: OpsSettings,
    command: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    capture_output: bool = False,
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a job without Airflow and return its result.

    `command`: its module and arguments. `variables` are added to its environment. After `seconds`
    it is ended, and TimeoutExpired raised.
    """
    environment = of_downloads() | base(settings) | spark(settings)
    environment |= of_object_store(environment["LAKE_ROOT"])
    if SPARK_JVM_SOCKET in environment:  # the server lends its JVM if the arguments are the same
        environment |= on_master(settings)
    environment |= variables or {}
    line = [sys.executable, "-m", *command]
    return subprocess.run(  # noqa: S603 # our own Python
        line, env=environment, cwd=ROOT, capture_output=capture_output, text=True, check=False,
        timeout=seconds,
    )  # fmt: skip


def on_master(settings: OpsSettings) -> dict[str, str]:
    """Return the variable with which PySpark uses the setting's master, as Airflow's tasks do."""
    master = shlex.quote(settings.spark_master)
    return {"PYSPARK_SUBMIT_ARGS": f"--master {master} pyspark-shell"}


def spark(settings: OpsSettings) -> dict[str, str]:
    """Return the variables of spark-submit and PySpark."""
    is_warm = executors.is_local(settings.spark_master) and settings.spark_jvm_idle_seconds
    return {
        **({SPARK_JVM_SOCKET: str(settings.spark_jvm)} if is_warm else {}),
        "JAVA_HOME": str(java.find().home),
        "SPARK_HOME": str(jars.pyspark_jars().parent),  # its scripts find it in no path with blanks
        "SPARK_CONF_DIR": str(settings.spark_conf),
        "SPARK_LOCAL_IP": HOST,
        "PYSPARK_PYTHON": sys.executable,
    }


def alerts(ports: Ports) -> dict[str, str]:
    """Return the settings of alerts: the addresses to check, and what the shell or `.env` says.

    Only the scheduler, which runs tasks, gets them: some are passwords.
    """
    return {
        "ALERT_API_URL": f"http://{HOST}:{ports.api}",
        "ALERT_AIRFLOW_URL": f"http://{HOST}:{ports.airflow}",
        "ALERT_APP_URL": f"http://{HOST}:{ports.app}",
        **inherited(("ALERT_*",)),
    }


def picture_hosts() -> list[str]:
    """Return the hosts of pictures of all data sets."""
    return sorted({host for x in datasets.installed() for host in x.display.picture_hosts})


def _app(settings: OpsSettings, ports: Ports, secrets: credentials.Credentials) -> dict[str, str]:
    chosen = settings.demo_dataset
    default = {"DEMO_DATASET": chosen.read_text()} if chosen.exists() else {}
    public = {"CONSOLE_AIRFLOW_PUBLIC_URL": settings.airflow_public_url or ""}
    return (
        default
        | (public if settings.airflow_public_url else {})
        | {
            "APP_QUERY_LOG": str(settings.logs / "queries.log"),
            "APP_PICTURE_HOSTS": json.dumps(picture_hosts()),
            "DEMO_API_URL": f"http://{HOST}:{ports.api}",
            "DEMO_KEYS_FILE": str(settings.demo_keys),
            "VISITOR_SECRET": secrets.of("visitors"),
            "CONSOLE_AIRFLOW_URL": f"http://{HOST}:{ports.airflow}",
        }
        | inherited(("VISITOR_*",))  # for no other program: one of them is a secret
    )
