"""Take the pictures of the console's pages in docs/images/console, light and dark.

    python -m benchmarks.console_pictures

Run it beside a platform that shows the playground (`make demo` without an archive): pictures are
never of data that may not be redistributed. Each is 1280 by 800 pixels, with 256 colours. A page
that needs a user or a query gets one in its address.
"""

import io
import sys
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from benchmarks.console_pages import (
    CHROMIUM,
    COMPLETE,
    TIMEOUT_MS,
    console_paths,
    platform,
    signed_in,
)
from ops.machine import credentials
from ops.settings import HOST, ROOT
from warehouse.query import Lake
from warehouse.tables import SILVER_USER_INDEX

FOLDER = ROOT / "docs" / "images" / "console"
SIZE: ViewportSize = {"width": 1280, "height": 800}
COLOURS, STILL_MS = 256, 1500
QUERY = "select+kind,+count(*)+as+n+from+silver.events+group+by+all"
ADDRESSES = {"inspector": "inspector?user={user}", "explore": f"explore?sql={QUERY}"}
Scheme = Literal["light", "dark"]
CLICKED = {"explore": "Run"}


def main() -> None:
    """Take all pictures; name each that was written."""
    settings, chosen = platform()
    password = credentials.of(settings).of("airflow_admin")
    lake = Lake(f"{settings.lake}/playground")
    [first] = lake.rows(SILVER_USER_INDEX, equals={"user_index": 0})
    user = quote(first["user_id"])
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for scheme in get_args(Scheme):
            take(browser, f"http://{HOST}:{chosen.app}", password, scheme, user)
        browser.close()


def take(browser: Browser, url: str, password: str, scheme: Scheme, user: str) -> None:
    """Take the pictures of all pages in a colour scheme."""
    context = signed_in(browser, url, password)
    for path in console_paths():
        page = context.new_page()
        page.set_viewport_size(SIZE)
        page.emulate_media(color_scheme=scheme)
        address = ADDRESSES.get(path, path).format(user=user)
        page.goto(f"{url}/{address}")
        page.wait_for_function(COMPLETE, timeout=TIMEOUT_MS)
        if path in CLICKED:
            page.get_by_role("button", name=CLICKED[path]).click()
            page.wait_for_timeout(STILL_MS)
            page.wait_for_function(COMPLETE, timeout=TIMEOUT_MS)
        page.wait_for_timeout(STILL_MS)  # charts grow
        written = write(page.screenshot(), FOLDER / f"{path}_{scheme}.png")
        sys.stdout.write(f"{written.relative_to(ROOT)}: {written.stat().st_size // 1024} KB\n")
        page.close()
    context.close()


def write(picture: bytes, file: Path) -> Path:
    """Write a picture with few colours; return its file."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS).save(file, optimize=True)
    return file


if __name__ == "__main__":
    main()
