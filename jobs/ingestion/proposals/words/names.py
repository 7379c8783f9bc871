"""What the names of columns and files say about their content."""

import re
from collections.abc import Iterable
from typing import Final, Literal

Role = Literal[
    "user", "item", "time", "clock", "value", "number", "kind", "title", "categories", "vendor",
    "released", "price", "text",
]  # fmt: skip

_SUBJECTS: Final[dict[Role, str]] = {
    "user": (
        "user visitor customer client member account reviewer player listener reader buyer shopper "
        "person profile viewer consumer subscriber patient student username uid"
    ),
    "item": (
        "item product movie film book game song track artist album sku asin parent_asin isbn place "
        "business restaurant article news anime content recipe video show series listing property "
        "offer stockcode beer wine app course joke hotel poi venue job event_item iid mid"
    ),
}
_EXACT: Final[dict[Role, str]] = {
    "user": "reviewerid userid memberid customerid visitorid clientid uid u reviewername",
    "item": (
        "parentasin itemid productid movieid stockcode stockid asin isbn iid i contentid articleid "
        "businessid"
    ),
    "time": (
        "time timestamp ts datetime at when occurredat eventtime unixtime unixtimestamp created "
        "createdat createdon updatedat reviewtime unixreviewtime invoicedate orderdate orderedat "
        "purchasedate purchasedat ratedat date eventdate posted postedat watchedat playedat "
        "listenedat clickedat viewedat reviewdate starttime datestamp ratingtimestamp t"
    ),
    "clock": "timeofday clock hour hours_minutes eventclock",
    "value": (
        "rating ratings score stars star overall value points grade mark reviewscore userrating "
        "reviewrating starrating rate ratingscore reviewoverall vote recommend recommended liked"
    ),
    "number": (
        "count plays playcount nplays weight hours hoursplayed playtime playtimeforever quantity "
        "qty listens minutes seconds duration watchtime amount n times total clicks views "
        "progress share percent dwelltime"
    ),
    "kind": "event eventtype type action actiontype kind behavior behaviour behaviortype eventname "
    "interaction interactiontype activity verb feedbacktype",
    "title": "title name label",
    "categories": (
        "category categories genre genres tags tag cuisine cuisines department categorycode "
        "categoryname maincategory rcuisine style topics topic subject subjects section"
    ),
    "vendor": (
        "vendor brand maker manufacturer seller publisher author authors artist bookauthor "
        "developer developers company studio brewery director label creator producer store"
    ),
    "released": (
        "year released releaseyear releasedate yearofpublication publicationyear published "
        "publicationdate originalpublicationyear releasedon pubdate premiered"
    ),
    "price": "price cost unitprice listprice amountusd",
    "text": (
        "image images imageurl imageurll imageurlm imageurls picture pictureurl poster posterurl "
        "cover coverurl thumbnail img photo photourl url link imdburl website description summary "
        "overview abstract plot city state country location"
    ),
}
_WORDS: Final = {role: frozenset(words.split()) for role, words in _EXACT.items()}
_TITLED: Final = re.compile(r"^(.+?)(name|title)$")
KINDS: Final[dict[str, tuple[str, float]]] = {  # by stem: the kind, and the weight it starts with
    "view": ("view", 1), "impression": ("view", 1), "click": ("click", 1), "detail": ("view", 1),
    "visit": ("view", 1), "access": ("view", 1), "browse": ("view", 1), "pv": ("view", 1),
    "search": ("search", 1), "history": ("view", 1), "cart": ("cart", 3), "basket": ("cart", 3),
    "purchase": ("purchase", 5), "buy": ("purchase", 5), "bought": ("purchase", 5),
    "order": ("purchase", 5), "transaction": ("purchase", 5), "sale": ("purchase", 5),
    "checkout": ("purchase", 5), "retail": ("purchase", 5), "quantity": ("purchase", 5),
    "qty": ("purchase", 5), "invoice": ("purchase", 5), "play": ("play", 1),
    "listen": ("play", 1), "stream": ("play", 1), "watch": ("watch", 1), "read": ("read", 1),
    "like": ("like", 3), "fav": ("bookmark", 3), "bookmark": ("bookmark", 3),
    "wish": ("wishlist", 3), "save": ("bookmark", 3), "share": ("share", 3),
    "download": ("download", 3), "tag": ("tag", 1), "review": ("review", 3),
    "install": ("install", 3), "book": ("booking", 5),
    "reserv": ("booking", 5), "follow": ("follow", 3), "recommend": ("recommend", 3),
}  # fmt: skip
_UNITS: Final = {  # words in the name of a number
    "hour": "amount", "minute": "amount", "second": "amount", "duration": "amount",
    "time": "amount", "amount": "amount", "price": "amount", "dwell": "amount",
    "share": "share", "percent": "share", "progress": "share",
}  # fmt: skip
SOCIAL: Final = re.compile(r"(trust|friend|social|follow|contact)", re.IGNORECASE)


def plain(name: str) -> str:
    """Return the name in small letters and digits only: `Book-Title` is `booktitle`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_exact(name: str, role: Role) -> bool:
    """Return whether the name is a known name of this role, and does not only end with one."""
    return plain(name.rsplit(".", 1)[-1]) in _WORDS[role]


def words(name: str) -> list[str]:
    """Return the words of the name: `parentAsin` has `parent` and `asin`."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def roles(name: str) -> list[Role]:
    """Return what a column of this name may be, the likeliest first."""
    last = name.rsplit(".", 1)[-1]
    likely: list[Role] = [role for role, exact in _WORDS.items() if plain(last) in exact]
    for role in ("user", "item"):
        if role not in likely and (_is_id_of(role, words(name)) or _is_id_of(role, words(last))):
            likely.append(role)
    if "title" not in likely and (match := _TITLED.match(plain(last))):
        subject = match[1]
        if any(subject == plain(word) for word in _SUBJECTS["item"].split()):
            likely.insert(0, "title")
            likely = [role for role in likely if role != "item"]
    if not likely and words(last):
        ends: tuple[Role, ...] = ("value", "number", "time")
        likely += [role for role in ends if words(last)[-1] in _WORDS[role]]
    return likely


def kind_of(names: Iterable[str]) -> tuple[str, float, str] | None:
    """Return the kind that one of the names contains, its weight, and the name, or None."""
    for name in names:
        for word in words(name):
            for stem, (kind, weight) in KINDS.items():
                if word.startswith(stem) and not (stem == "book" and word in ("book", "books")):
                    return kind, weight, name
    return None


def meaning(name: str) -> str:
    """Return what the numbers of a column are: a `count`, an `amount` or a `share`."""
    for word in words(name):
        for stem, value in _UNITS.items():
            if word.startswith(stem) and word != "times":
                return value
    return "count"


def _is_id_of(role: Role, parts: list[str]) -> bool:
    subjects = _SUBJECTS[role].split()
    ends = ("id", "ids", "key", "code", "no", "num", "number", "uuid", "guid", "index", "idx")
    if not parts:
        return False
    joined = "".join(part for part in parts if part not in ends)
    singular = joined.removesuffix("s")
    return (
        joined in subjects
        or singular in subjects
        or (parts[-1] in ends and any(part in subjects for part in parts))
        or (len(parts) == 1 and any(parts[0] == f"{subject}id" for subject in subjects))
    )
