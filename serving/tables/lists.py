"""What a release serves."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, OfRelease, a_list


class Recommendation(OfRelease, Base):
    """One user's whole list in one release, best first. `scores` order items, no more."""

    __tablename__ = "recommendations"
    __table_args__ = a_list("scores")

    user_id: Mapped[str] = mapped_column(primary_key=True)
    item_ids: Mapped[list[str]]
    scores: Mapped[list[float]]


class Profile(OfRelease, Base):
    """What one release knew of one user: his segment and his ratings, newest first."""

    __tablename__ = "profiles"
    __table_args__ = a_list("ratings", "rated_at")

    user_id: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(server_default="", comment="Of `fallback_lists`.")
    item_ids: Mapped[list[str]]
    ratings: Mapped[list[float]]
    rated_at: Mapped[list[datetime]]


class ItemFactors(OfRelease, Base):
    """One item's row in one release; none for an item that the fit has not seen.

    A popularity recipe has no factors: its rows are empty arrays.
    """

    __tablename__ = "item_factors"
    __table_args__ = (
        Index("ix_item_factors_release_id_popularity", "release_id", "popularity"),
        Index("ix_item_factors_release_id_trending", "release_id", "trending"),
    )

    item_id: Mapped[str] = mapped_column(primary_key=True)
    factors: Mapped[list[float]]
    popularity: Mapped[float] = mapped_column(
        REAL, server_default=text("0"), comment="The score of the fallback list of everybody."
    )
    trending: Mapped[float] = mapped_column(
        REAL, server_default=text("0"), comment="Likings that fade within weeks."
    )


class SimilarItems(OfRelease, Base):
    """The items most like one item in one release. `scores` are cosines."""

    __tablename__ = "similar_items"
    __table_args__ = a_list("scores")

    item_id: Mapped[str] = mapped_column(primary_key=True)
    item_ids: Mapped[list[str]]
    scores: Mapped[list[float]]


class FallbackList(OfRelease, Base):
    """The list for people whom a release does not know. Segment '' is everybody."""

    __tablename__ = "fallback_lists"
    __table_args__ = a_list("scores")

    segment: Mapped[str] = mapped_column(primary_key=True)
    item_ids: Mapped[list[str]]
    scores: Mapped[list[float]]
