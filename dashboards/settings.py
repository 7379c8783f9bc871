"""The app's settings. Streamlit is not imported here, so `tools.references` can read them."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AppSettings(BaseSettings):
    """Variables that begin with APP_: how browsers reach the app."""

    model_config = SettingsConfigDict(env_prefix="APP_", frozen=True)

    hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost"),
        description="JSON list of the names under which browsers reach the app, without port: "
        "other `Host` headers get 400. Add the public name behind a proxy. `*.` stands for "
        "subdomains.",
    )
    base_path: str = Field(
        default="",
        description="Path of the app behind a proxy that passes it on, such as `/recommender`.",
    )
    max_sessions: int = Field(
        default=200,
        gt=0,
        description="Open browser tabs, and those closed in the last minute. Further ones get 503.",
    )


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
