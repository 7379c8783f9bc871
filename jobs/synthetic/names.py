"""Invented film titles, studios, regions and age groups."""

import numpy as np

# fmt: off
CATEGORIES = (
    "Drama", "Comedy", "Thriller", "Romance", "Crime", "Adventure", "Sci-Fi", "Horror", "Mystery",
    "Fantasy", "Animation", "Documentary", "War", "Musical", "Western",
)
AGE_GROUPS = ("under 18", "18-24", "25-34", "35-44", "45-54", "55 and over")
REGIONS = ("north", "east", "south", "west", "islands", "highlands", "capital")

_QUALITIES = (
    "Amber", "Quiet", "Crooked", "Silver", "Paper", "Hollow", "Velvet", "Northern", "Borrowed",
    "Scarlet", "Patient", "Tidal", "Painted", "Wandering", "Salted", "Electric", "Half-Lit",
    "Reluctant", "Gilded", "Frozen", "Unfinished", "Distant", "Copper", "Honest", "Invisible",
    "Midnight", "Clever", "Folded", "Stubborn", "Radiant", "Late", "Weightless", "Forgotten",
    "Second", "Lonesome", "Marble", "Secret", "Humming", "Barefoot", "Infinite", "Restless",
    "Tender", "Iron", "Misplaced", "Ordinary", "Blue", "Burning", "Gentle", "Seventh", "Untold",
)
_THINGS = (
    "Harbour", "Orchard", "Lantern", "Compass", "Winter", "Cartographer", "Piano", "Ferry",
    "Garden", "Telescope", "Kingdom", "Letter", "Bicycle", "Lighthouse", "Detective", "Carousel",
    "River", "Clockmaker", "Library", "Umbrella", "Comet", "Station", "Witness", "Balcony",
    "Meadow", "Astronaut", "Mirror", "Bakery", "Tunnel", "Sparrow", "Island", "Engine", "Notebook",
    "Carnival", "Glacier", "Violin", "Passenger", "Staircase", "Desert", "Aquarium", "Shepherd",
    "Signal", "Chandelier", "Village", "Postcard", "Sailor", "Tapestry", "Orchestra", "Promise",
    "Shadow", "Window", "Beekeeper", "Volcano", "Suitcase", "Matchbox", "Parade", "Alphabet",
    "Botanist", "Kite", "Theatre",
)
_PLACES = (
    "Val d'Or", "São Tomé Street", "Kirkhaven", "Málaga Bay", "the Ninth District", "Lower Fenwick",
    "Åsgård", "Port Lumière", "Saltmarsh", "Old Brno Road", "the Hills of Ossa",
    "Zürich Hauptbahnhof", "Quince Alley", "Tärna", "Dry Creek", "New Avalon", "the Far Meadow",
    "Lisnagar", "Pont-Noir", "Bellweather",
)
_FIRST_NAMES = (
    "Marisol", "Oskar", "Ines", "Théo", "Wilhelmina", "Jun", "Aurélie", "Casper", "Nadia", "Zoltán",
    "Philippa", "Mateo", "Ingrid", "Ravi", "Clémence", "Bruno", "Yara", "Edmund", "Søren", "Lucía",
    "Agnes", "Tobias", "Noor", "Hector", "Mireille", "Anselm", "Keiko", "Dorothea", "Piotr",
    "Amara",
)
# fmt: on
_STUDIO_ENDS = ("Pictures", "Films", "Studio", "House", "Collective", "Brothers")


def titles(rng: np.random.Generator, n: int) -> list[str]:
    """Return n different titles; some have accents, quotes or commas."""
    unique: dict[str, None] = {}
    while len(unique) < n:
        unique.setdefault(_title(rng), None)
    return list(unique)


def studios(rng: np.random.Generator, n: int) -> list[str]:
    """Return at most n different studios."""
    drawn = (
        f"{_draw(rng, _QUALITIES)} {_draw(rng, _THINGS)} {_draw(rng, _STUDIO_ENDS)}"
        for _ in range(n)
    )
    return list(dict.fromkeys(drawn))


def _title(rng: np.random.Generator) -> str:
    quality, thing, other = _draw(rng, _QUALITIES), _draw(rng, _THINGS), _draw(rng, _THINGS)
    place, name = _draw(rng, _PLACES), _draw(rng, _FIRST_NAMES)
    forms = (
        f"The {quality} {thing}",
        f"{quality} {thing}",
        f"{thing} of the {quality} {other}",
        f"The {thing} in {place}",
        f"{name}'s {quality} {thing}",
        f"A {thing} for {name}",
        f"{quality} {thing}, {quality.lower()} {other.lower()}",
        f"Last {thing} to {place}",
        f'The Man Who Said "{thing}" in {place}',
        f"{name} and the {quality} {thing}",
        f"Goodbye, {quality} {thing}",
    )
    return forms[int(rng.integers(len(forms)))]


def _draw(rng: np.random.Generator, words: list[str] | tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]
