"""Paths of lake, inbox and manifests. Read in `main()` or a factory, never at import."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LakeSettings(BaseSettings):
    """Variables that begin with LAKE_."""

    model_config = SettingsConfigDict(env_prefix="LAKE_", frozen=True)

    root: str = Field(
        description="Root of the lake: a folder, or a URL that Spark can write, such as s3a://…"
    )
    inbox: Path = Field(
        description="Folder of the source files that you provide, as `<inbox>/<dataset>/<file>`."
    )

    def of(self, dataset: str) -> str:
        """Return the root of one data set's tables."""
        return f"{self.root.rstrip('/')}/{dataset}"


class ManifestSettings(BaseSettings):
    """Variables that begin with DATASETS_."""

    model_config = SettingsConfigDict(env_prefix="DATASETS_", frozen=True)

    manifests: Path = Field(
        default=Path(__file__).parents[1] / "datasets", description="Folder of the manifests."
    )
