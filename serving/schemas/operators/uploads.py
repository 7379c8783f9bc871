"""Files that operators put into the inbox."""

from pydantic import Field

from serving.schemas.base import Answer, AuditReason, RequestBody, with_example


class NewUpload(RequestBody):
    """A request to record a file that is about to be put into the inbox."""

    model_config = with_example(
        file_name="ratings_2026-11.csv",
        n_bytes=1048576,
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        reason="the ratings of November",
    )

    file_name: str = Field(
        pattern=r"^[^/\\\x00-\x1f.][^\\\x00-\x1f]{0,399}$",
        description="Path below the data set's inbox.",
    )
    n_bytes: int = Field(ge=1, le=2**53)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Digest of the file.")
    reason: AuditReason


class Upload(Answer):
    """A recorded upload."""

    model_config = with_example(file_name="ratings_2026-11.csv", n_bytes=1048576, uploaded_by="ada")

    file_name: str
    n_bytes: int
    uploaded_by: str = Field(description="The operator's name in Airflow.")
