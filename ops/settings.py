"""Settings of one machine, and the folders that they determine."""

import hashlib
import os
import pwd
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from dotenv import load_dotenv
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ops.errors import OpsError
from warehouse.tables.vocabulary import SparkSlots

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
ADMIN_NAME = "admin"
# delta-rs makes a host name of a table's path, links resolved, and cannot with these in it.
UNUSABLE = re.compile(r"[\[\]^|\\]|%[0-9A-Fa-f]{2}")


def _port(program: str) -> Any:
    text = f"Port of {program}. If unset, a free port is chosen and kept."
    return Field(default=None, ge=1, le=65535, description=text)


class OpsSettings(BaseSettings):
    """Variables that begin with OPS_."""

    model_config = SettingsConfigDict(env_prefix="OPS_", frozen=True)

    var: Path = Field(
        default=ROOT / "var",
        description="Folder of all run-time data. Another folder is a separate installation.",
    )
    spark_master: str = Field(
        default="local[*]",
        description="Spark master: `local[*]`, `spark://host:7077`, `yarn` or `k8s://…`. It "
        "sets the Airflow connection `spark`.",
    )
    driver_host: str | None = Field(
        default=None,
        description="Address of this machine that the executors of a cluster connect to. If unset, "
        "the one from which it reaches a standalone master.",
    )
    executor_memory: str | None = Field(
        default=None, description="Memory of an executor on a cluster, such as `4g`."
    )
    executor_cores: int | None = Field(
        default=None, ge=1, description="Cores of an executor on a cluster."
    )
    max_cores: int | None = Field(
        default=None,
        ge=1,
        description="Cores that one job may use of a standalone cluster. If unset, the first job "
        "takes all, and others wait.",
    )
    executor_python: str | None = Field(
        default=None,
        description="Path of Python on the nodes of a cluster, with the locked packages. If unset, "
        "the path on this machine.",
    )
    checkpoints: str | None = Field(
        default=None,
        description="Folder or URL that all nodes of a cluster can write to, for what must outlive "
        "an executor. If unset, `.checkpoints` in the lake.",
    )
    spark_conf: Path = Field(
        default=ROOT / "conf" / "spark",
        description="Spark's configuration folder, with `spark-defaults.conf` and "
        "`log4j2.properties`.",
    )
    spark_jvm_idle_seconds: int = Field(
        default=120,
        ge=0,
        description="Seconds after which the JVM ends that Spark jobs on a local master share, if "
        "no job uses it. 0: each job starts a JVM of its own, which is slower.",
    )
    spark_slots: SparkSlots = Field(
        default="shared",
        description="How many Spark jobs run at the same time. `shared`: one; `per_dataset`: one "
        "for each data set, for a cluster with room for several.",
    )
    postgres_port: int | None = _port("Postgres")
    airflow_port: int | None = _port("Airflow")
    api_port: int | None = _port("the API")
    app_port: int | None = _port("the app")
    airflow_public_url: str | None = Field(
        default=None,
        description="Address under which browsers reach Airflow through a proxy, without a path, "
        "such as `https://airflow.example.org`.",
    )
    inherit: tuple[str, ...] = Field(
        default=(),
        description="JSON list of further variables of the shell that programs get, such as "
        '`["AZURE_*"]` for a lake in Azure. A lake in S3 needs none: `AWS_*` are passed on.',
    )
    health_timeout: float = Field(
        default=180, gt=0, description="Seconds to wait for a program to become healthy."
    )

    @cached_property
    def folder(self) -> Path:
        """The run-time folder as an absolute path."""
        return self.var.expanduser().resolve()

    @property
    def lake(self) -> Path:
        """Root of the lake on this machine: `var/lake`, if delta-rs can write there.

        Raises:
            OpsError: neither there nor below the user's home can it write.
        """
        usual = self.folder / "lake"
        if not UNUSABLE.search(str(usual)):
            return usual
        elsewhere = data_home() / f"lantern-{self.digest}" / "lake"
        if UNUSABLE.search(str(elsewhere)):
            raise OpsError(
                f"the lake cannot be in {usual}, whose path has one of `[ ] ^ | \\` or an escape "
                "such as `%20`: set OPS_VAR to a folder without them"
            )
        return elsewhere

    @property
    def digest(self) -> str:
        """A short name of this platform, for folders of it that are elsewhere."""
        return hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]

    @property
    def inbox(self) -> Path:
        """Source files from the operator, one folder per data set."""
        return self.folder / "inbox"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.folder / "airflow"

    @property
    def logs(self) -> Path:
        """One log per program."""
        return self.folder / "logs"

    @property
    def secrets(self) -> Path:
        """Passwords and keys; mode 0700, files 0600."""
        return self.folder / "secrets"

    @property
    def run(self) -> Path:
        """Socket and configuration of supervisord, and the chosen ports."""
        return self.folder / "run"

    @property
    def spark_jvm(self) -> Path:
        """Socket of the server of the warm JVM."""
        return self.run / "spark-jvm.sock"

    @property
    def private(self) -> tuple[Path, ...]:
        """The folders that other users must not enter."""
        return (self.secrets, self.run, self.logs, self.airflow, self.lake, self.inbox)

    @property
    def demo_keys(self) -> Path:
        """The demo's API keys, one per data set."""
        return self.secrets / "demo_keys.json"

    @property
    def demo_dataset(self) -> Path:
        """File with the name of the data set that the app opens with."""
        return self.run / "demo_dataset"

    def make_folders(self) -> None:
        """Create the folders. Other users may traverse the top folder but not list it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.folder.stat().st_uid == os.geteuid():
            self.folder.chmod(0o711)
        for private in self.private:
            private.mkdir(exist_ok=True, parents=private == self.lake)
            private.chmod(0o700)
        link = self.folder / "lake"
        if self.lake != link and not link.exists():
            link.symlink_to(self.lake)


def data_home() -> Path:
    """Return the folder for data of this user that cannot be in the checkout.

    It does not depend on the environment, of which programs have another one than the shell.
    """
    if os.geteuid() == 0:
        return Path("/var/lib")
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".local" / "share"
    except KeyError:
        return Path("/nonexistent")


def read() -> OpsSettings:
    """Return the settings. The environment overrides `.env` in the checkout.

    Raises:
        OpsError: a variable has a value that is not valid; the message names it.
    """
    load_dotenv(ROOT / ".env")
    if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://"):
        os.environ.setdefault("AWS_ALLOW_HTTP", "true")  # delta-rs refuses such addresses otherwise
    try:
        return OpsSettings()
    except ValidationError as error:
        problems = (
            f"OPS_{str(problem['loc'][0]).upper()}={problem['input']}: {problem['msg']}"
            for problem in error.errors()
        )
        raise OpsError(f"{'; '.join(problems)}. Correct it in .env or in the shell") from error
