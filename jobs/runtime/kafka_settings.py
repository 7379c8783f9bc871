"""How jobs connect to Kafka. The manifest names the servers; secrets are variables."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Protocol = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class KafkaSettings(BaseSettings):
    """Variables that begin with KAFKA_. The jobs `listen` and `forward` read them."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True)

    security_protocol: Protocol = Field(
        default="plaintext", description="How the servers are reached: with `ssl` over TLS."
    )
    sasl_mechanism: Mechanism = Field(
        default="SCRAM-SHA-512", description="How the user is authenticated, with `sasl_…`."
    )
    sasl_username: str = Field(default="", description="The user, with `sasl_…`.")
    sasl_password: SecretStr = Field(
        default=SecretStr(""), description="The user's password, with `sasl_…`."
    )
    ssl_ca_location: Path | None = Field(
        default=None, description="File of certificates to trust, beside those of the machine."
    )

    def options(self) -> dict[str, str]:
        """Return the options of librdkafka."""
        options: dict[str, str] = {"security.protocol": self.security_protocol}
        if self.security_protocol.startswith("sasl"):
            options |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password.get_secret_value(),
            }
        if self.ssl_ca_location is not None:
            options["ssl.ca.location"] = str(self.ssl_ca_location)
        return options
