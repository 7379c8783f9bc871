"""Five stars for any scale: how many a rating is, and which rating so many stars are."""

from serving.schemas import About

MOST = 5


def of(rating: float, about: About) -> int:
    """Return the stars that a rating shows, 1 to 5."""
    return min(max(round(MOST * rating / about.highest), 1), MOST)


def rating(stars: int, about: About) -> float:
    """Return the rating, a step of the scale, that so many stars are: 4 of 5 is 8 of 10."""
    wanted = about.highest * stars / MOST
    steps = round((wanted - about.lowest) / about.step)
    return min(max(about.lowest + steps * about.step, about.lowest), about.highest)
