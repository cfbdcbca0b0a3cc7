"""The stand-in of a widget, in pages that nest their outputs in different ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import dream_nb
from dream_nb.html.stand_in import stand_in

pytestmark = pytest.mark.browser

SCRIPTS = Path(dream_nb.__file__).parent / "notebook" / "widgets"
SHARED = ("base.css", "styles.js", "base.js", "nested.js")
STUB = (SCRIPTS / "stub.js").read_text(encoding="utf-8")
WIDGET = "export function render({ el }) { el.insertAdjacentHTML('beforeend', '<b>widget</b>'); }"
# How front ends nest the outputs of a cell: earlier text, the stand-in, and the element of the widget.
PAGES = {
    "JupyterLab": """
        <div class="jp-Cell"><div class="jp-Cell-inputWrapper"><pre>card</pre></div>
        <div class="jp-Cell-outputWrapper"><div class="jp-Collapser"><div></div></div><div class="jp-OutputArea">
        <div class="jp-OutputArea-child"><div class="jp-OutputPrompt"></div><div class="jp-OutputArea-output"
        data-mime-type="text/plain"><pre>before</pre></div></div>
        <div class="jp-OutputArea-child"><div class="jp-OutputPrompt"></div><div class="jp-OutputArea-output"
        data-mime-type="text/html">STAND-IN</div></div>
        <div class="jp-OutputArea-child"><div class="jp-OutputPrompt"></div><div class="jp-OutputArea-output"
        ><div class="lm-Widget" id="el"></div></div></div></div></div></div>""",
    "nbclassic": """
        <div class="cell"><div class="input"><div class="prompt">In [1]:</div><pre>card</pre></div>
        <div class="output_wrapper"><div class="out_prompt_overlay prompt"></div><div class="output">
        <div class="output_area"><div class="prompt"></div><div class="output_text"><pre>before</pre></div></div>
        <div class="output_area"><div class="prompt"></div><div class="output_html">STAND-IN</div></div>
        <div class="output_area"><div class="prompt"></div><div class="output_subarea jupyter-widgets-view">
        <div id="el"></div></div></div></div></div></div>""",
    "VS Code": """
        <div id="container"><div class="cell_container">
        <div class="output_container"><div class="output"><div><pre>before</pre></div></div></div>
        <div class="output_container"><div class="output"><div>STAND-IN</div></div></div>
        <div class="output_container"><div class="output"><div><div class="cell-output-ipywidget">
        <div id="el"></div></div></div></div></div></div></div>""",
    "pages without a cell's input": """
        <div class="cell"><div class="cell_output"><div class="output text_plain"><pre>before</pre></div>
        <div class="output text_html">STAND-IN</div><div class="output"><div id="el"></div></div></div></div>""",
}
VIEW = """([stub, parts, live]) => {
    const el = document.querySelector('#el');
    const heard = new Set();
    const traits = name => ({ name, text: parts[name], digest: name });
    const part = name => ({ comm_live: live ?? undefined, get: trait => traits(name)[trait] });
    const model = {
        get: trait => (trait === 'parts' ? Object.keys(parts) : ''),
        on: (_, hear) => heard.add(hear),
        off: (_, hear) => heard.delete(hear),
        send: message => (globalThis.asked = message),
        widget_manager: { get_model: async name => part(name) },
    };
    globalThis.answer = () => heard.forEach(hear => hear({ answer: globalThis.asked.ask }));
    const address = URL.createObjectURL(new Blob([stub], { type: 'text/javascript' }));
    return import(address).then(async made => { globalThis.leave = await made.default.render({ model, el }); });
}"""


@pytest.fixture(scope="module")
def parts() -> dict[str, str]:
    """The styles and scripts of a widget, by name."""
    texts = {name: (SCRIPTS / name).read_text(encoding="utf-8") for name in SHARED}
    return {**texts, "widget.js": WIDGET}


def show(page: Page, parts: dict[str, str], body: str, live: bool | None) -> None:
    """Show a page, and let the script render a widget in its #el. `live`: whether the page reports a live kernel."""
    page.set_content(body.replace("STAND-IN", stand_in("a lake")))
    page.evaluate(VIEW, [STUB, parts, live])


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_a_widget_takes_the_place_of_its_stand_in(page: Page, parts: dict[str, str], body: str) -> None:
    show(page, parts, body, live=True)
    expect(page.get_by_text("widget", exact=True)).to_be_visible()
    expect(page.get_by_text("a lake")).to_be_hidden()
    expect(page.get_by_text("before")).to_be_visible()


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_without_a_kernel_the_stand_in_stays(page: Page, parts: dict[str, str], body: str) -> None:
    show(page, parts, body, live=False)
    expect(page.get_by_text("a lake")).to_be_visible()
    expect(page.get_by_text("widget", exact=True)).to_have_count(0)


def test_where_the_page_does_not_tell_the_kernel_is_asked(page: Page, parts: dict[str, str]) -> None:
    show(page, parts, PAGES["nbclassic"], live=None)
    page.wait_for_function("() => globalThis.asked?.action === 'here'")
    expect(page.get_by_text("a lake")).to_be_visible()
    expect(page.get_by_text("widget", exact=True)).to_have_count(0)
    page.evaluate("() => answer()")
    expect(page.get_by_text("widget", exact=True)).to_be_visible()
    expect(page.get_by_text("a lake")).to_be_hidden()


def test_a_stand_in_that_is_drawn_anew_stays_hidden(page: Page, parts: dict[str, str]) -> None:
    show(page, parts, PAGES["nbclassic"], live=True)
    expect(page.get_by_text("a lake")).to_be_hidden()
    page.evaluate(
        "html => (document.querySelector('.output_html').innerHTML = html)", stand_in("a lake with its picture")
    )
    expect(page.get_by_text("widget", exact=True)).to_be_visible()
    expect(page.get_by_text("a lake with its picture")).to_be_hidden()


def test_a_widget_that_leaves_gives_its_place_back(page: Page, parts: dict[str, str]) -> None:
    show(page, parts, PAGES["nbclassic"], live=True)
    expect(page.get_by_text("a lake")).to_be_hidden()
    page.evaluate("() => leave()")
    expect(page.get_by_text("a lake")).to_be_visible()


@pytest.mark.parametrize(
    "body",
    [
        '<div class="cell"><div>STAND-IN</div><p>more</p></div><div class="cell"><div id="el"></div></div>',
        '<div class="cell"><p>more</p><div>STAND-IN</div></div><div class="cell"><div id="el"></div></div>',
        '<div><div>STAND-IN</div><div data-dream-nb></div></div><div><div id="el"></div></div>',
        '<div class="cell"><div>STAND-IN</div><div>more</div><div><div id="el"></div></div></div>',
        '<div class="cell"><div>STAND-IN <img></div><div>more</div><div id="el"></div></div>',
    ],
)
def test_a_widget_without_a_stand_in_hides_nothing(page: Page, parts: dict[str, str], body: str) -> None:
    show(page, parts, body, live=True)
    expect(page.get_by_text("widget", exact=True)).to_be_visible()
    expect(page.get_by_text("a lake")).to_be_visible()
    expect(page.locator("[data-dream-nb-output]")).to_have_count(0)
