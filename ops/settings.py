"""Where this machine keeps what is made at run time, and what may be chosen about it."""

from functools import cached_property
from pathlib import Path

from dotenv import load_dotenv
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
NAME_OF_ADMIN = "admin"


class OpsSettings(BaseSettings):
    """Variables that begin with OPS_."""

    model_config = SettingsConfigDict(env_prefix="OPS_", frozen=True)

    var: Path = Field(
        default=ROOT / "var",
        description="Folder of everything made at run time. Two folders are two platforms.",
    )
    spark_master: str = Field(
        default="local[*]",
        description="Where Spark jobs run: `local[*]`, `spark://host:7077`, `yarn`. It becomes the "
        "Airflow connection `spark`.",
    )
    spark_conf: Path = Field(
        default=ROOT / "conf" / "spark",
        description="Folder of Spark's own settings: `spark-defaults.conf`, `log4j2.properties`.",
    )
    postgres_port: int | None = Field(
        default=None, description="Port of Postgres. Unset: a free one, kept for the next start."
    )
    airflow_port: int | None = Field(
        default=None, description="Port of Airflow. Unset: a free one, kept for the next start."
    )
    api_port: int | None = Field(
        default=None, description="Port of the API. Unset: a free one, kept for the next start."
    )
    app_port: int | None = Field(
        default=None, description="Port of the app. Unset: a free one, kept for the next start."
    )
    health_timeout: float = Field(
        default=180, gt=0, description="Seconds that a program has to become healthy."
    )

    @cached_property
    def folder(self) -> Path:
        """The folder, absolute: every path below is made from it."""
        return self.var.expanduser().resolve()

    @property
    def lake(self) -> Path:
        """Root of the lake on this machine."""
        return self.folder / "lake"

    @property
    def inbox(self) -> Path:
        """Where users put files: one folder per data set."""
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
        """Passwords and keys: 0700, each file 0600."""
        return self.folder / "secrets"

    @property
    def run(self) -> Path:
        """Socket and configuration of supervisord, and the ports."""
        return self.folder / "run"

    @property
    def demo_keys(self) -> Path:
        """The demo's API keys, one per data set."""
        return self.secrets / "demo_keys.json"

    @property
    def demo_dataset(self) -> Path:
        """Holds the name of the data set that the app opens with."""
        return self.run / "demo_dataset"

    def make_folders(self) -> None:
        """Make the folders. Others may pass through the first one, and see nothing inside."""
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o711)
        for private in (self.secrets, self.run, self.logs, self.airflow):
            private.mkdir(exist_ok=True)
            private.chmod(0o700)
        for shared in (self.lake, self.inbox):
            shared.mkdir(exist_ok=True)


def read() -> OpsSettings:
    """Return the settings: the environment's, then those of `.env` in the checkout."""
    load_dotenv(ROOT / ".env")
    return OpsSettings()
