"""API keys, users' tokens and erasures."""

from datetime import datetime

from sqlalchemy import false, func
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class Erasure(Base):
    """A user whose data was deleted from this schema. No event is accepted for the id.

    The id itself is not kept. `serving.users.erasures` computes the digest.
    """

    __tablename__ = "erasures"

    digest: Mapped[str] = mapped_column(
        primary_key=True, comment="SHA-256 of `<data set>/<user id>`, hexadecimal."
    )
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    requested_by: Mapped[str] = mapped_column(
        comment="Name of the API key or of the operator, or `the user`."
    )
    erased_at: Mapped[datetime | None] = mapped_column(
        comment="When the lake's rows were last deleted."
    )
    purged_at: Mapped[datetime | None] = mapped_column(
        comment="When no file of the lake had a row any more."
    )


class UserToken(Base):
    """The token with which a user can have their own data deleted."""

    __tablename__ = "user_tokens"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(comment="SHA-256 of the token, hexadecimal.")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    in_lake: Mapped[bool] = mapped_column(
        server_default=false(),
        comment="True if the lake has events of the user that were deleted from the outbox.",
    )


class ApiKey(Base):
    """An API key of a product. The key itself is shown once and not stored."""

    __tablename__ = "api_keys"

    digest: Mapped[str] = mapped_column(
        primary_key=True, comment="SHA-256 of the key, hexadecimal."
    )
    name: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
