"""A real JupyterLab, and the actions of a person in it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import nbformat
from playwright.sync_api import Page, WebSocket

START_SECONDS = 240
STOP_SECONDS = 20
RUN_MILLISECONDS = 120_000
ATTEMPTS = 50
# Prefixes of the variables that tests change.
_OURS: Final = ("DREAM_NB_", "LUMAAI_", "LUMA_")


@contextlib.contextmanager
def serve_lab(root: Path, state: Path) -> Iterator[str]:
    """Serve JupyterLab for the folder `root` on loopback; yields its URL. Settings and data are kept in `state`."""
    port = free_port()
    environment = _own(os.environ) | {
        "JUPYTER_CONFIG_DIR": str(state / "config"),
        "JUPYTER_PATH": str(state / "data"),
        "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(state / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
        "IPYTHONDIR": str(state / "ipython"),
    }
    options = ["--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True"]
    options += ["--JupyterNotebookApp.expose_app_in_browser=True"]
    options += ['--ServerApp.jpserver_extensions={"voila.server_extension": False}']
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    options += [f"--ServerApp.{name}" for name in ("token=", "password=", f"port={port}", "port_retries=0")]
    server = LabServer(f"http://127.0.0.1:{port}", root, state)
    server.forget_settings()
    server.give_kernels(os.environ)
    command = ["-m", "jupyterlab", *options, f"--ServerApp.root_dir={root}"]
    with serve(command, server.url, "/api", state / "lab.log", environment) as url:
        yield url


def _own(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of an environment that are not this project's; those are passed to the kernels instead."""
    return {name: value for name, value in environment.items() if not name.startswith(_OURS)}


@dataclass(frozen=True, slots=True)
class LabServer:
    """A JupyterLab for several tests.

    Args:
        url: its URL.
        root: the folder that it shows.
        state: where its settings and data are kept.
    """

    url: str
    root: Path
    state: Path

    def forget_settings(self) -> None:
        """Restore the default settings: a test may have changed the theme."""
        settings = self.state / "settings"
        shutil.rmtree(settings, ignore_errors=True)
        notifications = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        notifications.parent.mkdir(parents=True)
        notifications.write_text('{"fetchNews": "false", "checkForUpdates": false}')

    def give_kernels(self, environment: Mapping[str, str]) -> None:
        """Pass this project's variables in an environment to all kernels that start from now on."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        given = {name: value for name, value in environment.items() if name.startswith(_OURS)}
        spec = {"argv": argv, "display_name": "Python 3", "language": "python", "env": given}
        folder = self.state / "data" / "kernels" / "python3"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")

    def end_kernels(self) -> None:
        """End every running kernel."""
        kernels = f"{self.url}/api/kernels"
        with urllib.request.urlopen(kernels) as answer:
            running = [kernel["id"] for kernel in json.load(answer)]
        for one in running:
            # It may have ended already.
            with contextlib.suppress(urllib.error.HTTPError):
                urllib.request.urlopen(urllib.request.Request(f"{kernels}/{one}", method="DELETE")).close()


@contextlib.contextmanager
def serve(command: list[str], url: str, path: str, log: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a server with this Python; yields its URL as soon as it answers requests for `path`."""
    with log.open("wb") as file:
        server = subprocess.Popen([sys.executable, *command], env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        _wait_until_up(url + path, server)
        yield url
    finally:
        server.terminate()
        # Under load it sometimes waits for a kernel that has ended; the test is over by then.
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=STOP_SECONDS)
        server.kill()
        server.wait()


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_until_up(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError("the server ended while it started: see its log")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise TimeoutError(f"the server did not answer within {START_SECONDS} s")


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of these cells, not yet run; an additional first cell loads the extension."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for source in ("%load_ext dream_nb", *cells):
        cell = nbformat.v4.new_code_cell(source)
        # Default ids are random: no two runs would write the same file.
        cell["id"] = f"cell-{len(notebook.cells)}"
        notebook.cells.append(cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


_OPEN: Final = """async path => {
    const { commands, shell } = window.jupyterapp;
    if (document.body.dataset.jpThemeName !== 'JupyterLab Light') {
        await commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' });
    }
    const opened = await commands.execute('docmanager:open', { path });
    shell.activateById(opened.id);
}"""
_CLOSE: Final = """() => {
    for (const widget of [...(window.jupyterapp?.shell.widgets('main') ?? [])]) {
        // One that has changed would ask.
        if (widget.context?.model) widget.context.model.dirty = false;
        widget.dispose();
    }
}"""


def close_notebooks(page: Page) -> None:
    """Close everything open in JupyterLab without saving; does nothing if the page is not JupyterLab."""
    page.evaluate(_CLOSE)


def _is_open(page: Page, url: str) -> bool:
    """Whether the page shows the JupyterLab at that URL, without an open dialog."""
    shown = page.url.startswith(f"{url}/lab") and page.evaluate("() => !!window.jupyterapp")
    return bool(shown) and page.locator(".jp-Dialog").count() == 0


class Lab:
    """One notebook, open in a page.

    Args:
        page: a page of the browser.
        url: the URL of the server.
        notebook: the notebook's path below the server's root.
        kernel: whether to wait for its kernel.
        loaded: whether to load JupyterLab again even if the page shows it already.
    """

    def __init__(self, page: Page, url: str, notebook: str, *, kernel: bool = True, loaded: bool = False) -> None:
        self.page = page
        self.url = url
        self.notebook = notebook
        if loaded or not _is_open(page, url):
            page.goto(f"{url}/lab/tree/{quote(notebook)}?reset")
        else:
            close_notebooks(page)
            page.evaluate(_OPEN, notebook)
        context = "window.jupyterapp?.shell.currentWidget?.sessionContext"
        ready = f"{context}?.session?.kernel?.info" if kernel else f"{context} && !{context}.session?.kernel"
        page.wait_for_function(ready)

    def execute(self, command: str) -> None:
        """Run a command of JupyterLab, and wait until it has finished."""
        self.page.evaluate("command => window.jupyterapp.commands.execute(command)", command)

    def run_all(self) -> None:
        """Run every cell, and wait for the last. Raises AssertionError if a cell before the last fails."""
        cells = """window.jupyterapp.shell.currentWidget.content.widgets
            .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source)
            .map(cell => cell.model)"""
        before = self.page.evaluate(f"() => Math.max(0, ...{cells}.map(cell => cell.executionCount))")
        self.execute("notebook:run-all-cells")
        ended = f"{cells}.every(cell => cell.executionCount > before && cell.executionState !== 'running')"
        # JupyterLab does not run the cells after a failed one.
        errors = f"{cells}.flatMap(cell => cell.outputs.toJSON()).filter(output => output.output_type === 'error')"
        self.page.wait_for_function(f"before => {ended} || {errors}.length", arg=before, timeout=RUN_MILLISECONDS)
        failed = self.page.evaluate(f"before => {ended} ? [] : {errors}", before)
        assert not failed, "\n".join(line for error in failed for line in error["traceback"])

    def run_cell(self, number: int) -> None:
        """Run one cell, and wait until it has finished."""
        self.page.evaluate(
            """async number => {
                window.jupyterapp.shell.currentWidget.content.activeCellIndex = number;
                await window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            number,
        )

    def run_until_printed(self, number: int, text: str) -> None:
        """Run one cell repeatedly until the last text that the page shows is this one.

        A widget shows a change at once, but sends it only after the kernel has received the one before.
        """
        printed = self.page.locator(".jp-OutputArea-output pre").last
        for _ in range(ATTEMPTS):
            self.run_cell(number)
            if printed.inner_text().strip() == text:
                return
        raise AssertionError(f"the cell prints {printed.inner_text()!r}, not {text!r}")

    def theme(self, name: str) -> None:
        """Switch to another theme, such as "JupyterLab Dark"."""
        self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
        # JupyterLab covers the page while it changes the theme.
        self.page.wait_for_function(
            """theme => document.body.dataset.jpThemeName === theme
                && !document.getElementById('jupyterlab-splash')""",
            arg=name,
        )

    def save(self) -> None:
        """Save the notebook to its file."""
        self.execute("docmanager:save")

    def reopen(self) -> Lab:
        """End every kernel, and open the saved notebook again with a new kernel."""
        self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
        return Lab(self.page, self.url, self.notebook, loaded=True)

    def reopen_without_kernel(self) -> Lab:
        """End every kernel, and open the saved notebook again while no kernel can start."""
        self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
        self.page.route(
            "**/api/sessions**", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
        )
        return Lab(self.page, self.url, self.notebook, kernel=False, loaded=True)


class Traffic:
    """Counts the bytes received on the page's websockets."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        page.on("websocket", self._count)

    def _count(self, socket: WebSocket) -> None:
        def count(payload: str | bytes) -> None:
            self.bytes += len(payload)

        socket.on("framereceived", count)
