"""Spark's settings for a cluster: who executors connect to, what they get, and what they run.

The variables are those of `ops.settings`. On one machine, where the master is `local[…]`, there is
nothing to set.
"""

import socket
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jobs.runtime.errors import JobError

ROOT = Path(__file__).parents[2]
DRIVER_HOST = "OPS_DRIVER_HOST"
CHECKPOINTS = "OPS_CHECKPOINTS"
EXECUTOR_PYTHON = "OPS_EXECUTOR_PYTHON"
_CHOSEN = {
    "OPS_EXECUTOR_MEMORY": "spark.executor.memory",
    "OPS_EXECUTOR_CORES": "spark.executor.cores",
    "OPS_MAX_CORES": "spark.cores.max",
}
_PACKAGES = ("edge", "faults", "jobs", "ranking", "warehouse")  # those that executors import
_LOOPBACK = "127.0.0.1"
_SECRET = "_SPARK_AUTH_SECRET"  # noqa: S105 # Spark's name of the variable


def is_local(master: str) -> bool:
    """Return whether executors are threads of the driver."""
    return master.startswith("local")


def chosen(master: str, host: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that win over those of files.

    `host` is the driver's address in the files. The one that ships is loopback, which executors on
    other machines cannot reach: they would start and end again without a word in the driver's log.

    Raises:
        JobError: this machine's address towards the cluster is unknown.
    """
    if is_local(master):
        return {}
    settings = {
        name: variables[variable] for variable, name in _CHOSEN.items() if variables.get(variable)
    }
    address = variables.get(DRIVER_HOST)
    if not address and host == _LOOPBACK:
        address = _towards(master)
    if address:
        settings |= {"spark.driver.host": address, "spark.driver.bindAddress": address}
    return settings


def authentication(master: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the setting without which no driver of a standalone master starts.

    The secret itself is a variable, which wins: settings can be read in more places.
    """
    is_standalone = master.startswith("spark://") and _SECRET in variables
    return {"spark.authenticate.secret": "is-in-the-environment"} if is_standalone else {}


def code(folder: Path) -> Path:
    """Write this checkout's packages into a zip file that executors can import; return it."""
    target = folder / "lantern.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for package in _PACKAGES:
            for file in sorted((ROOT / package).rglob("*.py")):
                archive.write(file, file.relative_to(ROOT))
    return target


def _towards(master: str) -> str:
    """Return the address from which this machine reaches a standalone master."""
    split = urlsplit(master.split(",", maxsplit=1)[0])
    if split.scheme != "spark" or split.hostname is None:
        raise JobError(
            f"{DRIVER_HOST} is not set, and {master} does not say which address of this machine "
            "executors can reach. Set it to that address"
        )
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
            route.connect((split.hostname, split.port or 7077))  # sends nothing
            return str(route.getsockname()[0])
    except OSError as error:
        raise JobError(
            f"{master} cannot be reached: {error}. Correct the master, or set {DRIVER_HOST}"
        ) from error
