"""Seconds until each page of the console is complete, and what an open, idle page costs.

    python -m benchmarks.console_pages [--loads 5] [--idle-minutes 0]

Run it beside a platform that is up (`make demo` first): its ports and the password of the first
operator are those of the settings. Each page is loaded in a new tab of a signed-in browser, then
opened from the menu of another page; the first time is left out. With `--idle-minutes` every page
then stays open in a tab, and each minute the memory of the app and the API and the connections to
Postgres are counted. Growth is the mean of the last third of the time less that of the second.
"""

import argparse
import os
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from statistics import fmean, median

import psutil
import psycopg2
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dashboards import pages
from ops.machine import credentials, database, ports, processes
from ops.settings import ADMIN_NAME, HOST, OpsSettings

TARGET, TIMEOUT_MS = 1.5, 30_000  # target in seconds
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PROGRAMS = ("app", "api")
COMPLETE = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    return app && app.dataset.testScriptState === 'notRunning'
        && document.querySelector('[data-testid=stMain] h1')
        && !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]');
}"""


@dataclass(frozen=True)
class Cost:
    """What the platform holds at one moment: bytes of each program, connections to Postgres."""

    n_bytes: dict[str, int]
    n_connections: int


def main() -> None:
    """Print a line for each page, then the growth while the pages are idle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loads", type=int, default=5)
    parser.add_argument("--idle-minutes", type=int, default=0)
    arguments = parser.parse_args()
    settings, chosen = platform()
    url = f"http://{HOST}:{chosen.app}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = signed_in(browser, url, credentials.of(settings).of("airflow_admin"))
        for path in console_paths():
            report(path, [seconds(context, f"{url}/{path}") for _ in range(arguments.loads + 1)])
        page = context.new_page()
        page.goto(f"{url}/{console_paths()[-1]}")
        page.wait_for_function(COMPLETE, timeout=TIMEOUT_MS)
        rounds = [
            {path: from_menu(page, path) for path in console_paths()}
            for _ in range(arguments.loads + 1)
        ]
        page.close()
        for path in console_paths():
            report(f"{path}, from the menu", [one[path] for one in rounds])
        if arguments.idle_minutes:
            for path in console_paths():
                context.new_page().goto(f"{url}/{path}")
            idle(settings, chosen, arguments.idle_minutes)
        browser.close()


def platform() -> tuple[OpsSettings, ports.Ports]:
    """Return the settings and ports of the platform; without one the benchmark ends."""
    settings = OpsSettings()
    chosen = ports.kept(settings)
    if chosen is None:
        raise SystemExit("no platform: run `make demo` first")
    return settings, chosen


def console_paths() -> list[str]:
    """Return the addresses of the console's pages, without their host."""
    made = [page for page in vars(pages).values() if isinstance(page, partial)]
    return [page.keywords["url_path"] for page in made if pages.CONSOLE in page.args[0].parents]


def signed_in(browser: Browser, url: str, password: str) -> BrowserContext:
    """Return a browser's context in which the first operator is signed in."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.goto(f"{url}/overview")
    page.get_by_label("Username").fill(ADMIN_NAME)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for(timeout=TIMEOUT_MS)
    page.close()
    return context


def seconds(context: BrowserContext, address: str) -> float:
    """Return the seconds from the request of a page until it is complete."""
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(COMPLETE, timeout=TIMEOUT_MS)
    taken = time.perf_counter() - started
    page.close()
    return taken


def from_menu(page: Page, path: str) -> float:
    """Return the seconds from a click in the menu until the page is complete."""
    started = time.perf_counter()
    page.locator(f'[data-testid=stPageLink-NavLink][href^="{path}"]').first.click()
    page.wait_for_function(
        f"() => document.title.toLowerCase().includes('{path}') && ({COMPLETE})()",
        timeout=TIMEOUT_MS,
    )
    return time.perf_counter() - started


def report(path: str, loads: list[float]) -> None:
    """Print the median and the longest of the warm loads."""
    warm = loads[1:]
    met = "ok" if median(warm) <= TARGET else "TOO SLOW"
    print(
        f"{path:26} median {median(warm):.2f} s, longest {max(warm):.2f} s, first {loads[0]:.2f} s"
    )
    print(f"{'':26} (target {TARGET} s) {met}", flush=True)


def idle(settings: OpsSettings, chosen: ports.Ports, minutes: int) -> None:
    """Print what the platform holds each minute, and how much that grows."""
    costs = []
    for minute in range(1, minutes + 1):
        time.sleep(60)
        costs.append(cost(settings, chosen))
        held = ", ".join(f"{name} {n / 2**20:.0f} MiB" for name, n in costs[-1].n_bytes.items())
        print(f"minute {minute}: {held}, {costs[-1].n_connections} connections", flush=True)
    third = max(minutes // 3, 1)
    second, last = costs[third : 2 * third] or costs, costs[-third:]
    for name in PROGRAMS:
        grown = fmean(c.n_bytes[name] for c in last) - fmean(c.n_bytes[name] for c in second)
        print(f"{name}: grew by {grown / 2**20:+.1f} MiB")
    more = fmean(c.n_connections for c in last) - fmean(c.n_connections for c in second)
    print(f"connections to Postgres: {more:+.1f}")


def cost(settings: OpsSettings, chosen: ports.Ports) -> Cost:
    """Return what the app and the API hold now."""
    n_bytes: dict[str, int] = defaultdict(int)
    for program in PROGRAMS:
        for process in processes.of(settings.folder, program=program):
            n_bytes[program] += psutil.Process(process.pid).memory_info().rss
    with (
        psycopg2.connect(
            host=HOST,
            port=chosen.postgres,
            dbname="lantern",
            user=database.OWNER,
            password=credentials.of(settings).of(database.OWNER),
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("select count(*) from pg_stat_activity where datname = 'lantern'")
        [n_connections] = cursor.fetchone() or (0,)
    return Cost(dict(n_bytes), n_connections)


if __name__ == "__main__":
    main()
