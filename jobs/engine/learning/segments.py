"""What scoring needs of each person: what he has seen, what he liked, which segment is his."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

MAX_SEGMENTS = 200
MIN_PEOPLE = 30


@dataclass(frozen=True)
class Segments:
    """Groups of people by their attributes. Number 0 and the empty name mean everybody."""

    names: tuple[str, ...]
    members: DataFrame  # (user, segment int), who is in a group of his own

    def __len__(self) -> int:
        return len(self.names)

    def cached(self) -> "Segments":
        """Return the same segments, whose frame is made once."""
        return Segments(self.names, self.members.localCheckpoint())


def segments(users: DataFrame, attributes: tuple[str, ...]) -> Segments:
    """Return the segments `attribute=value,…` that hold at least 30 people, at most 200 of them.

    Args:
        users: (user, attributes map<string,string>); people without all attributes are everybody.
        attributes: the manifest's, in its order.
    """
    pairs = [F.concat(F.lit(f"{name}="), F.col("attributes")[name]) for name in attributes]
    if not pairs:
        return Segments(("",), users.limit(0).select("user", F.lit(0).alias("segment")))
    named = users.select("user", F.concat(*_joined(pairs)).alias("name")).where("name IS NOT NULL")
    sizes = named.groupBy("name").count().where(F.col("count") >= MIN_PEOPLE)
    largest = sizes.orderBy(F.desc("count"), "name").limit(MAX_SEGMENTS).collect()
    names = ("", *sorted(row["name"] for row in largest))
    numbers = F.create_map(*[F.lit(x) for at, name in enumerate(names) for x in (name, at)])
    members = named.select("user", numbers[F.col("name")].alias("segment"))
    return Segments(names, members.where("segment IS NOT NULL"))


def known_users(
    ratings: DataFrame, hidden: DataFrame, groups: Segments, *, relevant_from: float
) -> DataFrame:
    """Return (user, seen, liked, segment, since), one row for everybody who rated anything.

    `seen` are the items that he rated or hid, `liked` those that he rated `relevant_from` or more;
    `since` is the time of his first rating.

    Args:
        ratings: (user, item, rating, rated_at), one row per pair.
        hidden: (user, item), what must not be shown.
        groups: his segment is 0 where he has none.
        relevant_from: the manifest's.
    """
    liked = F.when(F.col("rating") >= relevant_from, F.col("item"))
    rated = ratings.groupBy("user").agg(
        F.collect_list("item").alias("rated"),
        F.collect_list(liked).alias("liked"),
        F.min("rated_at").alias("since"),
    )
    hides = hidden.groupBy("user").agg(F.collect_set("item").alias("hides"))
    known = rated.join(hides, "user", "left").join(groups.members, "user", "left")
    nothing = F.array().cast("array<int>")
    return known.select(
        "user",
        F.concat("rated", F.coalesce("hides", nothing)).alias("seen"),
        "liked",
        F.coalesce("segment", F.lit(0)).alias("segment"),
        "since",
    )


def unknown_users(users: DataFrame) -> DataFrame:
    """Return (user, seen, liked, segment) for `users` (user) of whom nothing is known."""
    nothing = F.array().cast("array<int>")
    return users.select(
        "user", nothing.alias("seen"), nothing.alias("liked"), F.lit(0).alias("segment")
    )


def _joined(pairs: list) -> list:  # type: ignore[type-arg]
    return pairs[:1] + [part for pair in pairs[1:] for part in (F.lit(","), pair)]
