"""Exported pages in a browser; requests to other sites are answered with files of this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
import tarfile
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, Route

ADDRESS: Final = "http://page.test"
_MANAGER: Final = "@jupyter-widgets/html-manager@1.0.15"
_SECONDS: Final = 240
# Where `pip` installs the scripts of voila and anywidget.
_SHARE: Final = Path(sysconfig.get_path("data")) / "share" / "jupyter"
_ELSEWHERE: Final = {
    r"/require(\.min)?\.js$": _SHARE / "voila" / "templates" / "base" / "static" / "require.min.js",
    r"/anywidget@[^/]*/dist/index\.js$": _SHARE / "nbextensions" / "anywidget" / "index.js",
}
# The digest of the file on the other site, from which the local copy may differ.
_DIGEST: Final = re.compile(r' integrity="[^"]*"')


def download_manager(folder: Path) -> Path:
    """Download the script of the widget manager for exported pages; skips the test if that fails."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on this machine: it brings the widget manager of exported pages")
    command = [npm, "pack", "--silent", "--no-update-notifier", f"--cache={folder / 'cache'}", _MANAGER]
    try:
        packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not download {_MANAGER} within {_SECONDS} s")
    if packed.returncode:
        pytest.skip(f"npm could not download {_MANAGER}: {packed.stderr.strip()[-200:]}")
    script = folder / "embed-amd.js"
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        file = archive.extractfile("package/dist/embed-amd.js")
        assert file is not None
        script.write_bytes(file.read())
    return script


def open_exported(page: Page, root: Path, name: str, manager: Path | None) -> None:
    """Open a page of a folder; without a manager, every request to another site fails."""

    def fulfil(route: Route) -> None:
        url = route.request.url
        if url.startswith(f"{ADDRESS}/"):
            file = root / url.removeprefix(f"{ADDRESS}/").partition("?")[0]
        elif manager and url.endswith("/embed-amd.js"):
            file = manager
        else:
            found = (path for pattern, path in _ELSEWHERE.items() if manager and re.search(pattern, url))
            file = next(found, Path("none"))
        if file.suffix == ".html" and file.is_file():
            html = _DIGEST.sub("", file.read_text(encoding="utf-8"))
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        elif file.is_file():
            # A page may request a script of another site with CORS.
            route.fulfill(path=file, headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.abort()

    page.route("**/*", fulfil)
    page.goto(f"{ADDRESS}/{name}")
