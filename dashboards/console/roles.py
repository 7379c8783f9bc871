"""Roles of the recipes that an evaluation compares: their labels and colours."""

LABELS = {
    "challenger": "Challenger",
    "champion": "Live recipe",
    "popularity": "Popularity",
    "baseline": "Baseline",
}
COLOURS = {
    "challenger": "violet", "champion": "blue", "popularity": "orange", "baseline": "gray",
}  # fmt: skip
CHARTED = ("challenger", "champion", "popularity")


def label(role: str) -> str:
    """Return a role's label; the role itself if it has none."""
    return LABELS.get(role, role)
