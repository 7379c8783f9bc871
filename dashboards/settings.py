"""The app's settings. Streamlit is not imported here, so `tools.references` can read them."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DemoSettings(BaseSettings):
    """Variables that begin with DEMO_."""

    model_config = SettingsConfigDict(env_prefix="DEMO_", frozen=True)

    api_url: str = Field(description="Base address of the product's API.")
    keys_file: Path = Field(description="JSON file of API keys by data set, mode 0600.")
    dataset: str | None = Field(default=None, description="The data set that is shown first.")


class ConsoleSettings(BaseSettings):
    """Variables that begin with CONSOLE_."""

    model_config = SettingsConfigDict(env_prefix="CONSOLE_", frozen=True)

    airflow_url: str = Field(description="Base address of Airflow's API.")
    airflow_public_url: str | None = Field(
        default=None,
        description="Base address of Airflow in links, if browsers reach it at another one.",
    )
