"""The app's settings. Streamlit is not imported here, so `tools.references` can read them."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

QUERY_LOG_DAYS = 90
PICTURE_HOST = r"^([a-z0-9][a-z0-9-]{0,62}\.)+[a-z]{2,62}(:[0-9]{1,5})?$"


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
    picture_hosts: tuple[Annotated[str, Field(pattern=PICTURE_HOST)], ...] = Field(
        default=(),
        description="JSON list of hosts from which browsers may load pictures of items, such as "
        '`["img.example.org"]`. `lantern up` sets those of `[display]` of the manifests.',
    )
    max_sessions: int = Field(
        default=200,
        gt=0,
        description="Open browser tabs, and those closed in the last minute. Further ones get 503. "
        "A tenth is kept for browsers that are signed in to the console.",
    )
    max_sessions_per_address: int = Field(
        default=30,
        gt=0,
        description="Open browser tabs of one client address, or of one IPv6 network (/64). "
        "Further ones get 429. This machine's own address and signed-in browsers have no such "
        "limit.",
    )
    max_upload_mb: int = Field(
        default=50,
        ge=0,
        description="Largest file that an operator may upload into the inbox on the page Data, in "
        "MB (2^20 bytes). It is kept in memory meanwhile, and must arrive within "
        "`EDGE_BODY_SECONDS`. 0: no uploads.",
    )
    query_log: Path | None = Field(
        default=None,
        description="File that records the queries of the page Explore, with the names of the "
        f"accounts. A new file begins each day; {QUERY_LOG_DAYS} older ones are kept. By default "
        "the app's own log has the queries; `lantern up` sets `var/logs/queries.log`.",
    )


class DemoSettings(BaseSettings):
    """Variables that begin with DEMO_."""

    model_config = SettingsConfigDict(env_prefix="DEMO_", frozen=True)

    api_url: str = Field(description="Base address of the product's API.")
    keys_file: Path = Field(description="JSON file of API keys by data set, mode 0600.")
    dataset: str | None = Field(default=None, description="The data set that is shown first.")


class VisitorSettings(BaseSettings):
    """Variables that begin with VISITOR_."""

    model_config = SettingsConfigDict(env_prefix="VISITOR_", frozen=True)

    secret: SecretStr = Field(
        min_length=32,
        description="Signs the cookies of visitors; their user ids are derived from it. With "
        "another secret every visitor is a new user.",
    )
    actions_per_hour: int = Field(
        default=200,
        ge=0,
        description="Ratings, hides and undos that a visitor may send in an hour; 0 for no limit.",
    )


class ConsoleSettings(BaseSettings):
    """Variables that begin with CONSOLE_."""

    model_config = SettingsConfigDict(env_prefix="CONSOLE_", frozen=True)

    airflow_url: str = Field(description="Base address of Airflow's API.")
    airflow_public_url: str | None = Field(
        default=None,
        description="Base address of Airflow in links, if browsers reach it at another one.",
    )


class NotSetUpError(Exception):
    """The app lacks a setting, or a key of the API."""


def demo_settings() -> DemoSettings:
    """Return the demo's settings.

    Raises:
        NotSetUpError: a required one is missing.
    """
    try:
        return DemoSettings()
    except ValidationError as error:
        raise NotSetUpError("DEMO_API_URL and DEMO_KEYS_FILE must be set") from error


def visitor_settings() -> VisitorSettings:
    """Return the settings on visitors.

    Raises:
        NotSetUpError: the secret is missing.
    """
    try:
        return VisitorSettings()
    except ValidationError as error:
        raise NotSetUpError("VISITOR_SECRET must be set, to at least 32 characters") from error
