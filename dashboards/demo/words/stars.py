"""Converts between ratings of any scale and five stars."""

from serving.schemas import About

MAX_STARS = 5


def of(rating: float, about: About) -> int:
    """Return the stars of a rating, 1 to 5."""
    return min(max(round(MAX_STARS * rating / about.highest), 1), MAX_STARS)


def rating(stars: int, about: About) -> float:
    """Return the rating of a number of stars, a step of the scale: 4 stars are 8 of 10."""
    share = about.highest * stars / MAX_STARS
    steps = round((share - about.lowest) / about.step)
    return min(max(about.lowest + steps * about.step, about.lowest), about.highest)
