"""Who may ask, and who asked to be forgotten."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class Erasure(Base):
    """Somebody who asked to be forgotten: gone here at once, offline with the next erasure."""

    __tablename__ = "erasures"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    requested_by: Mapped[str] = mapped_column(comment="Name of the key, or `the user`.")


class UserToken(Base):
    """What lets one person be forgotten by himself, as its SHA-256."""

    __tablename__ = "user_tokens"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(comment="SHA-256, hexadecimal.")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiKey(Base):
    """A product's key, as its SHA-256. The key itself is shown once and kept nowhere."""

    __tablename__ = "api_keys"

    digest: Mapped[str] = mapped_column(primary_key=True, comment="SHA-256, hexadecimal.")
    name: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
