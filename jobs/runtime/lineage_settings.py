"""Where the lineage of jobs is sent.

It is a module of its own because the sender's packages are slow to import.
"""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class LineageSettings(BaseSettings):
    """Variables that begin with LINEAGE_. Jobs read them."""

    model_config = SettingsConfigDict(env_prefix="LINEAGE_", frozen=True)

    url: str | None = Field(
        default=None,
        description="Where OpenLineage events of jobs go: `file:///folder/events.jsonl`, or the "
        "address of a server, such as `https://marquez.example.org`. Nowhere if unset.",
    )
    api_key: SecretStr | None = Field(
        default=None, description="Key that the server wants, sent as a bearer token."
    )

    @field_validator("url")
    @classmethod
    def _is_a_file_or_a_server(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        is_file = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
        is_server = parts.scheme in {"http", "https"} and bool(parts.hostname)
        if url and not (is_file or is_server):
            raise ValueError("write file:///folder/events.jsonl or https://host")
        return url or None
