"""Limits of the HTTP servers of the API and the app."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EdgeSettings(BaseSettings):
    """Variables that begin with EDGE_. The API, the app and `lantern` read them."""

    model_config = SettingsConfigDict(env_prefix="EDGE_", frozen=True)

    max_connections: int = Field(
        default=400, gt=0, description="Open connections per process. Further ones get 503."
    )
    max_header_bytes: int = Field(
        default=65536, gt=0, description="Largest request line and header fields, in bytes."
    )
    max_header_fields: int = Field(
        default=100, gt=0, description="Largest number of header fields of a request."
    )
    header_seconds: float = Field(
        default=10,
        gt=0,
        description="Seconds in which a new connection must have sent its header fields.",
    )
    body_seconds: float = Field(
        default=30, gt=0, description="Seconds in which a request must have sent its body."
    )
    read_seconds: float = Field(
        default=30,
        gt=0,
        description="Seconds in which a client must read from an answer that waits for it.",
    )
    keep_alive_seconds: int = Field(
        default=5, gt=0, description="Seconds after which an idle connection is closed."
    )
    max_message_bytes: int = Field(
        default=262_144,
        gt=0,
        description="Largest WebSocket message from a browser, in bytes. The app takes more than "
        "65,536 only from browsers that are signed in.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="Addresses of proxies, separated by commas, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are used.",
    )
    trusted_users: tuple[int, ...] = Field(
        default=(),
        description="JSON list of the ids of users whose programs on loopback are trusted, beside "
        "root and the program's own user. Needed if Airflow or the API runs as another user.",
    )
