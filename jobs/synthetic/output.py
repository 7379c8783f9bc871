"""The generators of playgrounds: their command line, and the folder that they write."""

import argparse
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from jobs.synthetic.names import AGE_GROUPS, REGIONS
from warehouse.settings import LakeSettings


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator of a data set's files. `noun` is what `--size` counts, in the plural."""

    dataset: str
    module: str
    noun: str
    smallest: int
    usual: int
    largest: int


FILMS = Generator(
    "playground", "jobs.synthetic.playground", "ratings", 30_000, 1_000_000, 100_000_000
)
SHOP = Generator(
    "playground_shop", "jobs.synthetic.shop.files", "events", 20_000, 400_000, 20_000_000
)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a generator's command line says."""

    size: int
    seed: int
    folder: Path


def arguments(
    generator: Generator, description: str | None, argv: Sequence[str] | None
) -> Arguments:
    """Return the arguments of the command line; a wrong one ends the program."""
    parser = argparse.ArgumentParser(prog=f"python -m {generator.module}", description=description)
    size = partial(_size, generator)
    parser.add_argument(
        "--size", type=size, default=generator.usual, help=f"number of {generator.noun}"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="default: the inbox of the data set")
    args = parser.parse_args(argv)
    inbox = None if args.folder else LakeSettings().inbox_of(generator.dataset)
    if inbox and "://" in inbox:
        parser.error(f"the inbox is {inbox}: write into a --folder, and copy it there")
    return Arguments(args.size, args.seed, args.folder or Path(str(inbox)))


@contextmanager
def replaced(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield an empty folder with subfolders of these names, which then replace those of `folder`.

    If the block fails, `folder` stays as it is.
    """
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for name in names:
        (fresh / name).mkdir(parents=True)
    yield fresh
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.rmtree(folder / name, ignore_errors=True)
        (fresh / name).rename(folder / name)
    fresh.rmdir()


def write_users(
    path: Path, column: str, ids: Iterable[str], ages: Iterable[int], regions: Iterable[int]
) -> None:
    """Write a JSON line for each user: id, age group and region, the last two by their indices."""
    with path.open("wb") as file:
        for user_id, age, region in zip(ids, ages, regions, strict=True):
            user = {column: user_id, "age_group": AGE_GROUPS[age], "region": REGIONS[region]}
            file.write(orjson.dumps(user, option=orjson.OPT_APPEND_NEWLINE))


def _size(generator: Generator, text: str) -> int:
    size = int(text.replace("_", ""))
    if not generator.smallest <= size <= generator.largest:
        raise argparse.ArgumentTypeError(
            f"{size:,} is not from {generator.smallest:,} to {generator.largest:,} {generator.noun}"
        )
    return size
