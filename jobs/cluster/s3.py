"""Spark's settings for a lake in S3, from the variables that delta-rs reads too.

Every program of Lantern gets its endpoint and its keys from the variables AWS_…, so there is one
place to set them. Without keys in them, Hadoop's client asks the machine for its role.
"""

from collections.abc import Mapping

SCHEME = "s3a://"
LOG_STORE = "lantern.ConditionalLogStore"  # ops/setup/ConditionalLogStore.java
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_ANY_REGION = "us-east-1"  # servers of others take it, and without one the client looks it up
_CLIENT = "spark.hadoop.fs.s3a"


def spark_settings(root: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of a session whose lake is at `root`; none if that is not in S3."""
    if not root.startswith(SCHEME):
        return {}
    # Executors of a cluster do not inherit the driver's variables.
    keys = {f"spark.executorEnv.{name}": variables[name] for name in KEYS if variables.get(name)}
    return {"spark.delta.logStore.s3a.impl": LOG_STORE} | _client(variables) | keys


def _client(variables: Mapping[str, str]) -> dict[str, str]:
    endpoint = variables.get("AWS_ENDPOINT_URL", "")
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    if not endpoint:
        return {f"{_CLIENT}.endpoint.region": region} if region else {}
    has_host_names = variables.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "").lower() == "true"
    return {
        f"{_CLIENT}.endpoint": endpoint,
        f"{_CLIENT}.endpoint.region": region or _ANY_REGION,
        f"{_CLIENT}.path.style.access": str(not has_host_names).lower(),
        f"{_CLIENT}.connection.ssl.enabled": str(endpoint.startswith("https://")).lower(),
    }
