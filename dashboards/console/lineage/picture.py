"""The lineage of a release as a picture: files, jobs, table versions, the release, its lists."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from dashboards import pages, ui
from dashboards.console import runs, sources
from dashboards.text import moment, plural
from serving.schemas import Release
from warehouse.lineage import Lineage, Source, Version

MAX_FILES = 6  # newest files of each bronze table; the others are one box

HUES = {  # colour of each kind of box
    "file": "gray", "bronze": "orange", "silver": "gray", "gold": "yellow", "release": "green",
    "job": "primary",
}  # fmt: skip
FAINT = "2E"  # opacity of 18 %, in hexadecimal: text on it stays readable


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours of the picture: of the text, the lines, and the boxes of each layer."""

    text: str
    line: str
    boxes: Mapping[str, str]


def colours() -> Colours:
    """Return the colours of the current theme."""
    boxes = {layer: ui.theme_colour(hue) + FAINT for layer, hue in HUES.items()}
    return Colours(ui.theme_colour("text"), ui.theme_colour("gray"), boxes)


def dot(lineage: Lineage, release: Release, *, title: str, colours: Colours) -> str:
    """Return the picture in the DOT language of Graphviz.

    Boxes of tables link to the page "Data", and those of jobs to their run in Airflow.
    """
    font = f'fontname="sans-serif" fontsize=11 fontcolor="{colours.text}"'
    lines = [
        "digraph {",
        "rankdir=TB bgcolor=transparent nodesep=0.12 ranksep=0.3",
        f'node [style="rounded,filled" penwidth=0 margin="0.12,0.06" {font}]',
        f'edge [color="{colours.line}" arrowsize=0.6]',
        *_nodes_and_edges(lineage, release, title, colours),
        "}",
    ]
    return "\n".join(lines)


def _nodes_and_edges(
    lineage: Lineage, release: Release, title: str, colours: Colours
) -> Iterator[str]:
    boxes = colours.boxes
    for table, of_table in groupby(
        sorted(lineage.sources, key=lambda source: source.table), lambda source: source.table
    ):
        sources = list(of_table)
        for name, label in _files(sources):
            yield _box(name, label, boxes["file"])
            yield _edge(name, table)
        label = f"{table}\n{plural('row', sum(source.n_rows for source in sources))}"
        yield _box(table, label, boxes["bronze"], _table_page(table))
        yield _edge(table, "refine")
    yield _job("refine", _newest_run(lineage.read), boxes)
    for read in lineage.read:
        label = f"{read.table}\nversion {read.version} · {plural('row', read.n_rows)}"
        yield _box(read.table, label, boxes["silver"], _table_page(read.table))
        yield _edge("refine", read.table)
        yield _edge(read.table, "fit")
    yield _job("fit", lineage.retrain_id, boxes)
    for written in lineage.written:
        yield _box(
            written.table,
            f"{written.table}\n{plural('row', written.n_rows)}",
            boxes["gold"],
            _table_page(written.table),
        )
        yield _edge("fit", written.table)
        yield _edge(written.table, "publish")
    yield _job("publish", lineage.retrain_id, boxes)
    state = "live" if release.live else f"ready {moment(release.ready_at)}"
    label = f"Release {release.release_id}\n{release.recipe}\n{state}"
    yield _box("release", label, boxes["release"], _releases_page())
    yield _box("lists", f"{title}\nlists of {plural('user', release.n_users)}", boxes["release"])
    yield _edge("publish", "release")
    yield _edge("release", "lists")


def _files(sources: Sequence[Source]) -> Iterator[tuple[str, str]]:
    """Yield name and label of a box per file, and one for all files beyond the newest."""
    older, newest = sources[:-MAX_FILES], sources[-MAX_FILES:]
    table = sources[0].table
    if older:
        n_rows = sum(source.n_rows for source in older)
        yield f"older/{table}", f"{plural('older landing', len(older))}\n{plural('row', n_rows)}"
    for number, source in enumerate(newest):
        yield f"file/{table}/{number}", f"{source.source_file}\n{plural('row', source.n_rows)}"


def _newest_run(versions: Sequence[Version]) -> str | None:
    """Return `<dag id>/<run id>` of the newest commit, by which all versions are complete."""
    dated = [(version.at, version.run_key) for version in versions if version.at]
    _, run_key = max(dated, key=lambda pair: pair[0], default=(None, None))
    return run_key.retrain_id if run_key else None


def _job(name: str, run: str | None, boxes: Mapping[str, str]) -> str:
    """Return the box of a job; `run` is `<dag id>/<run id>`."""
    if run is None:
        return _box(name, name, boxes["job"], shape="ellipse")
    dag_id, _, run_id = run.partition("/")
    address = sources.airflow_page(dag_id, run_id)
    label = f"{name}\n{runs.name(dag_id, run_id)}"
    return _box(name, label, boxes["job"], address, shape="ellipse")


def _table_page(table: str) -> str:
    return f"data?{urlencode(pages.address() | {'table': table})}"


def _releases_page() -> str:
    address = pages.address()
    return f"releases?{urlencode(address)}" if address else "releases"


def _box(name: str, label: str, colour: str, address: str = "", shape: str = "box") -> str:
    link = f" URL={_quoted(address)} tooltip={_quoted(label)}" if address else ""
    return f'{_quoted(name)} [label={_quoted(label)} shape={shape} fillcolor="{colour}"{link}]'


def _edge(source: str, target: str) -> str:
    return f"{_quoted(source)} -> {_quoted(target)}"


def _quoted(text: str) -> str:
    """Return the text as a quoted string of DOT, in which a backslash begins an escape."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
