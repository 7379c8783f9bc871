"""Settings of the API's process."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """Variables that begin with API_. The database is `SERVING_DATABASE_URL`, as role `api`."""

    model_config = SettingsConfigDict(env_prefix="API_", frozen=True)

    datasets: tuple[str, ...] = Field(
        default=(), description="JSON list of the data sets to serve; empty: all that are there."
    )
    key_seconds: float = Field(
        default=30, ge=0, description="So long a key that was revoked may still be taken."
    )
    airflow_url: str | None = Field(
        default=None,
        description="Where Airflow answers, which knows the operators; without it nobody changes "
        "slate rules.",
    )
    operator_seconds: float = Field(
        default=60, ge=0, description="So long somebody whom Airflow shut out may still operate."
    )
    schema_seconds: float = Field(
        default=5, ge=0, description="So long a new data set or a migration may go unnoticed."
    )
    pool_size: int = Field(
        default=8,
        gt=0,
        description="Connections kept per data set, so many for reading and so many for writing; "
        "as many again in a rush.",
    )
    threads: int = Field(
        default=4,
        gt=0,
        description="So many requests are worked on at once, others wait for their turn: more "
        "threads would wait for each other, and twice as long.",
    )
    one_processor: bool = Field(
        default=False,
        description="Keep this process on the last processor that it may use: its threads take "
        "turns anyway, and are two fifths faster where they do not move. For one process on a "
        "machine, as `lantern up` starts it; several would crowd there.",
    )
    max_body_bytes: int = Field(
        default=65536, gt=0, description="A request whose body is longer is refused unread."
    )
    requests_per_second: int = Field(
        default=2000,
        ge=0,
        description="So often a key may ask each process, with a second's worth at once; 0: no "
        "limit.",
    )
    statement_timeout_ms: int = Field(
        default=5000, gt=0, description="A statement that takes longer is ended, and answered 503."
    )
