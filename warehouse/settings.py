"""Paths of lake, inbox and manifests, and the deadline of erasures.

Read in `main()` or a factory, never at import.
"""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LakeSettings(BaseSettings):
    """Variables that begin with LAKE_."""

    model_config = SettingsConfigDict(env_prefix="LAKE_", frozen=True)

    root: str = Field(
        description="Root of the lake: a folder, or a URL that Spark and delta-rs can write, such "
        "as s3a://…"
    )
    inbox: str = Field(
        description="Folder of the source files that you provide, as `<inbox>/<dataset>/<file>`, "
        "or a URL that Spark can read, such as s3a://…"
    )
    erase_within_days: float = Field(
        default=30,
        ge=0,
        description="Days after a user was erased until no file of the lake names them. Until then "
        "old table versions can be read. `lantern erase --now` removes them at once. With 2 or "
        "less, every run of `erase` does.",
    )

    def of(self, dataset: str) -> str:
        """Return the root of one data set's tables."""
        return f"{self.root.rstrip('/')}/{dataset}"

    def inbox_of(self, dataset: str) -> str:
        """Return the folder or URL of one data set's source files."""
        return f"{self.inbox.rstrip('/')}/{dataset}"


class ManifestSettings(BaseSettings):
    """Variables that begin with DATASETS_."""

    model_config = SettingsConfigDict(env_prefix="DATASETS_", frozen=True)

    manifests: Path = Field(
        default=Path(__file__).parents[1] / "datasets", description="Folder of the manifests."
    )
