"""The tables of a release: the one declaration of their columns.

Arrow schemas, COPY, grants and retention are derived from `RELEASE_TABLES`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, OfRelease, list_constraints


class Recommendation(OfRelease, Base):
    """One user's list in one release, best first. `scores` order items within the list only."""

    __tablename__ = "recommendations"
    __table_args__ = list_constraints("scores")

    user_id: Mapped[str] = mapped_column(primary_key=True)
    item_ids: Mapped[list[str]]
    scores: Mapped[list[float]]


class Profile(OfRelease, Base):
    """One user's segment, ratings (newest first) and events of the manifest's kinds in one release.

    Without a scale, each item with events is rated: 1 if it is positive, else 0.
    """

    __tablename__ = "profiles"
    __table_args__ = (
        CheckConstraint(
            "cardinality(item_ids) = cardinality(ratings)"
            " and cardinality(item_ids) = cardinality(rated_at)",
            name="same_length",
        ),
        CheckConstraint(
            "cardinality(acted_ids) = cardinality(acted_kinds)"
            " and cardinality(acted_ids) = cardinality(amounts)"
            " and cardinality(acted_ids) = cardinality(acted_at)",
            name="same_number_of_acts",
        ),
        CheckConstraint("cardinality(item_ids) + cardinality(acted_ids) > 0", name="not_empty"),
    )

    user_id: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(server_default="", comment="Key of `fallback_lists`.")
    item_ids: Mapped[list[str]]
    ratings: Mapped[list[float]]
    rated_at: Mapped[list[datetime]]
    acted_ids: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"), comment="An entry per item and kind of event."
    )
    acted_kinds: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    amounts: Mapped[list[float]] = mapped_column(
        server_default=text("'{}'"), comment="Sum of the events' values; of shares the largest."
    )
    acted_at: Mapped[list[datetime]] = mapped_column(
        server_default=text("'{}'"), comment="Time of the newest event."
    )


class ItemFactors(OfRelease, Base):
    """One item's factors and popularity in one release. Items without ratings have no row.

    Popularities and item-item models have no factors: their arrays are empty.
    """

    __tablename__ = "item_factors"
    __table_args__ = (
        Index("ix_item_factors_release_id_popularity", "release_id", "popularity"),
        Index("ix_item_factors_release_id_trending", "release_id", "trending"),
    )

    item_id: Mapped[str] = mapped_column(primary_key=True)
    factors: Mapped[list[float]]
    popularity: Mapped[float] = mapped_column(
        REAL, server_default=text("0"), comment="Score in the fallback list of all users."
    )
    trending: Mapped[float] = mapped_column(
        REAL, server_default=text("0"), comment="Positive interactions, halved every 14 days."
    )
    learned_from: Mapped[str] = mapped_column(
        server_default="interactions",
        comment="`interactions`, or `content` of an item that has none.",
    )


class ContentWeights(OfRelease, Base):
    """The weights of one feature of an item's content, which predict its factors, in one release.

    Releases whose fit predicts no factors have no rows.
    """

    __tablename__ = "content_weights"
    __table_args__ = (
        CheckConstraint("kind in ('mean', 'flag', 'number')", name="known_kind"),
        CheckConstraint("cardinality(weights) > 0", name="not_empty"),
    )

    kind: Mapped[str] = mapped_column(
        primary_key=True, comment="`mean` (one row, without a feature), `flag` or `number`."
    )
    feature: Mapped[str] = mapped_column(primary_key=True)
    centre: Mapped[float] = mapped_column(REAL, comment="Of a number's logarithms, else 0.")
    deviation: Mapped[float] = mapped_column(REAL, comment="Of a number's logarithms, else 1.")
    weights: Mapped[list[float]] = mapped_column(comment="One per factor.")


class SimilarItems(OfRelease, Base):
    """The items most similar to one item in one release. `scores` are cosines or weights."""

    __tablename__ = "similar_items"
    __table_args__ = list_constraints("scores")

    item_id: Mapped[str] = mapped_column(primary_key=True)
    item_ids: Mapped[list[str]]
    scores: Mapped[list[float]]


class TakenTogether(OfRelease, Base):
    """The items that users take together with one item in one release, see decision 40.

    `scores` are log-likelihood ratios. Releases from before the table have no rows.
    """

    __tablename__ = "taken_together"
    __table_args__ = list_constraints("scores")

    item_id: Mapped[str] = mapped_column(primary_key=True)
    item_ids: Mapped[list[str]]
    scores: Mapped[list[float]]


class FallbackList(OfRelease, Base):
    """The list for users who are not in the release. Segment '' is all users."""

    __tablename__ = "fallback_lists"
    __table_args__ = list_constraints("scores")

    segment: Mapped[str] = mapped_column(primary_key=True)
    item_ids: Mapped[list[str]]
    scores: Mapped[list[float]]


RELEASE_TABLES: tuple[type[Base], ...] = (
    Recommendation,
    Profile,
    ItemFactors,
    ContentWeights,
    SimilarItems,
    TakenTogether,
    FallbackList,
)
# Columns that older fits lack, and their values then.
OPTIONAL_COLUMNS: Mapping[str, Any] = {
    "acted_ids": [],
    "acted_kinds": [],
    "amounts": [],
    "acted_at": [],
    "learned_from": "interactions",
}
LISTS = tuple(table.__tablename__ for table in RELEASE_TABLES)
