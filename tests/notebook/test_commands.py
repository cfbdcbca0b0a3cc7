"""`%dreams` and its subcommands, in a real kernel."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dream_nb.notebook.commands.commands import COMMANDS
from dream_nb.notebook.commands.listing import Facts, Listing
from dream_nb.notebook.magics.magics import DreamMagics
from dream_nb.studio.faults import Fault
from tests.jobs.hosted import environment, hosted, texts
from tests.kernel import Answer, Kernel, start_kernel
from tests.notebook.test_magic import line, previews
from tests.results.test_preview import Parsed

GUIDE = (Path(__file__).parents[2] / "notebooks" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        kernel.run("lake = %dream a lake in the fog\nhill = %dream -i a hill\nboth = %dream -i a {red|blue} boat")
        kernel.run("%dream gore")
        yield kernel


def shown(answer: Answer) -> str:
    """The only output of a cell, as text."""
    assert answer.error is None, answer.error
    (html,) = answer.data()
    assert html.startswith('<div class="dream_nb-listing ')
    (text,) = answer.data("text/plain")
    assert len(text.splitlines()) <= 26
    return text


def value(kernel: Kernel, expression: str) -> Any:
    result = kernel.run(expression).result
    assert result is not None, expression
    return ast.literal_eval(result)


def test_alone_it_lists_its_subcommands(kernel: Kernel) -> None:
    text = shown(kernel.run("%dreams"))
    assert [name for name in COMMANDS if f"%dreams {name}" not in text] == []


@pytest.mark.parametrize("source", ["%dreams credits", "c = %dreams credits", "c = %dreams credits\nc"])
def test_an_answer_is_shown_once(kernel: Kernel, source: str) -> None:
    assert "of play money: the studio is free" in shown(kernel.run(source))


def test_history_holds_everything_newest_first(kernel: Kernel) -> None:
    text = shown(kernel.run("h = %dreams history"))
    assert text.startswith("%dreams history · 5 dreams in the library 'dreams', newest first")
    assert "failed: Contains blacklisted words" in text
    assert value(kernel, "[d.prompt for d in h][-2:]") == ["a hill", "a lake in the fog"]
    assert value(kernel, "h[-1] == lake, len(h)") == (True, 5)


def test_history_finds_words_and_says_how_many_more_there_are(kernel: Kernel) -> None:
    assert "1 dream with 'fog lake'" in shown(kernel.run("%dreams history fog lake"))
    assert "and 3 older: -n shows more" in shown(kernel.run("%dreams history -n 2"))


def test_history_shows_pictures(kernel: Kernel) -> None:
    kernel.run("h = %dreams history boat")
    (html,) = kernel.run("h").data()
    pictures = [attributes["src"] or "" for tag, attributes in Parsed(html).tags if tag == "img"]
    assert [picture[:28] for picture in pictures] == ["data:image/jpeg;name=dream_nb"[:28]] * 2


@pytest.mark.parametrize("which", ["lake", "fog", "last", "both[0]", "{id}", "{start}"])
def test_show_gives_a_dream_back_and_shows_it_once(kernel: Kernel, which: str) -> None:
    uid = value(kernel, "lake.generation.id")
    assert previews(kernel.run(f"s = %dreams show {which.format(id=uid, start=uid[:8])}")) == 1
    assert value(kernel, "type(s).__name__") == "Dream"


def test_show_gives_several_where_several_have_the_words(kernel: Kernel) -> None:
    kernel.run("s = %dreams show boat")
    assert value(kernel, "sorted(d.prompt for d in s)") == ["a blue boat", "a red boat"]


def test_motions_are_words_of_a_prompt(kernel: Kernel) -> None:
    answer = kernel.run("m = %dreams motions")
    assert "camera orbit left" in shown(answer)
    assert 'data-copy="camera orbit left"' in answer.data()[0]
    assert 'data-copy="--concept dolly_zoom"' in kernel.run("%dreams concepts").data()[0]
    assert value(kernel, "m[0]").startswith("camera ")


def test_delete_takes_one_dream_and_keeps_its_file_unless_it_is_told(kernel: Kernel) -> None:
    kernel.run("first = %dream -i a hut\nsecond = %dream -i a shed")
    assert "its file stays" in shown(kernel.run("%dreams delete first"))
    assert "its file is in the trash for 30 days" in shown(kernel.run("%dreams delete second --files"))
    assert value(kernel, "first.path.exists(), second._library.path(second._record) is None") == (True, True)


def test_what_is_in_the_trash_is_listed_restored_and_removed_for_good(kernel: Kernel) -> None:
    kernel.run("%dreams trash --empty\nbarn = %dream -i a red barn\nmill = %dream -i an old mill")
    kernel.run("%dreams delete barn --files")
    kernel.run("mill.mark(tags=['flour', 'Wind'])\n%dreams delete mill --files")
    listed = shown(kernel.run("t = %dreams trash\nt"))
    assert "2 dreams in the trash" in listed
    assert "a red barn" in listed
    answer = kernel.run("%dreams restore barn of something")
    assert answer.error is not None
    assert "'barn of something' is not in the trash" in answer.error["evalue"]
    assert value(kernel, "back = %dreams restore red barn\nback.path.exists(), back.prompt") == (True, "a red barn")
    assert value(kernel, "back = %dreams restore wind mill\nback.prompt") == "an old mill"
    kernel.run("%dreams delete back --files")
    assert "1 dream deleted permanently" in shown(kernel.run("%dreams trash --empty"))
    assert "the trash is empty" in shown(kernel.run("%dreams trash"))


def test_jobs_and_stop_know_what_is_under_way(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        kernel.run("job = %dream a wood in the wind -r 1080p --background")
        assert "1 under way" in shown(kernel.run("jobs = %dreams jobs"))
        assert value(kernel, "jobs[0] is job") is True
        assert "1 no longer waiting" in shown(kernel.run("%dreams stop job"))
        assert "stopped waiting; what was sent continues on the server" in line(kernel.run("job.result(30)"))
        assert "no jobs under way" in shown(kernel.run("%dreams jobs"))
        assert previews(kernel.run("d = %dream a wood in the wind -r 1080p")) == 1
        assert value(kernel, "len(d._library.ledger.all())") == 1
        kernel.run("job = %dream a mill by night -r 1080p --background")
        assert "no job matches 'night owl'" in line(kernel.run("%dreams stop night owl"))
        assert "1 no longer waiting" in shown(kernel.run("%dreams stop Night mill"))


def test_stop_ends_the_wait_for_one_job_of_a_sweep(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        kernel.run("sweep = %dream a {wood|mill} in the wind -r 1080p --background")
        assert "has 2 jobs, numbered from 0" in line(kernel.run("%dreams stop sweep[2]"))
        assert "1 no longer waiting" in shown(kernel.run("%dreams stop sweep[1]"))
        assert value(kernel, "[job.done() for job in sweep.jobs]") == [False, True]


def test_use_asks_another_server_with_a_key_of_its_own(tmp_path: Path) -> None:
    key = "key-of-its-own-5e1f"
    with hosted(tmp_path / "server", key) as server:
        given = {"DREAM_NB_STUDIO_SIDE": "32", "DREAM_NB_STUDIO_SECONDS": "0.25"}
        (tmp_path / "notebook").mkdir()
        with start_kernel(tmp_path / "notebook", **given) as kernel:
            here = kernel.run("h = %dream -i a hill")
            assert previews(here) == 1
            wrong = line(kernel.run(f"%dreams use {server.base_url}"))
            assert "no key for http://127.0.0.1" in wrong
            assert "run %dreams key" in wrong

            def type_key() -> None:
                kernel.client.get_stdin_msg(timeout=240)
                kernel.client.input(key)

            answer = kernel.run(f"%dreams key {server.base_url}", when=lambda _: True, then=type_key)
            assert "The server accepts it" in shown(answer)
            switch = f"Requests go to the studio: %dreams use {server.base_url} switches to this server"
            assert switch in shown(answer)
            assert "which costs money" in shown(kernel.run(f"%dreams use {server.base_url}"))
            assert kernel.run("%dreams credits").error is None
            assert previews(kernel.run("d = %dream -i a hill")) == 1
            assert value(kernel, "d.backend") == server.base_url
            assert "draws procedurally" in shown(kernel.run("%dreams use studio"))
            assert value(kernel, "get_ipython().run_line_magic('config', 'DreamMagics.backend')") == "studio"
        assert len(server.made) == 1
        assert {used.removeprefix("Bearer ") for used in server.books.keys} == {key}


def test_credits_shows_both_amounts_where_they_differ(tmp_path: Path) -> None:
    with hosted(tmp_path / "server", "the-key-2296") as server:
        with start_kernel(tmp_path, **environment(server)) as kernel:
            kernel.run("d = %dream -i a hill")
            assert "by the balance" not in shown(kernel.run("%dreams credits"))
            server.client.post("/generations/image", json={"prompt": "a lake of somebody else", "model": "photon-1"})
            told = shown(kernel.run("c = %dreams credits\nc"))
            assert value(kernel, 'c["spent"]') == 3.02
        for words in ("spent in this session", "$0.030", "by known prices", "$0.015", "by the balance"):
            assert words in told


def test_a_key_that_was_typed_is_in_no_output_and_no_file(tmp_path: Path) -> None:
    key = "key-to-look-for-2c9e7a"
    (tmp_path / "here").mkdir()
    with hosted(tmp_path / "server", key) as server:
        given = {"LUMAAI_BASE_URL": server.base_url, "IPYTHONDIR": str(tmp_path / "here" / "ipython")}
        with start_kernel(tmp_path / "here", **given) as kernel:

            def type_key() -> None:
                kernel.client.get_stdin_msg(timeout=240)
                kernel.client.input(key)

            said = [kernel.run("%dreams key dream-machine", when=lambda _: True, then=type_key)]
            sources = [
                "%dreams use hosted",
                "d = %dream -i a hill",
                "d.generation",
                "%dream gore",
                "%tb",
                "%dreams check",
            ]
            sources += ["%config DreamMagics", "%history", "%whos", "dream_nb.default.default_session()"]
            said += [kernel.run(source) for source in sources]
            server.faults.add(Fault(method="POST", answer=400, detail=f"no such key as {key}"))
            said += [kernel.run("%dream -i a hut"), kernel.run("%xmode Verbose\n%tb")]
            assert kernel.run("d.state").result == "'completed'"
        assert f"Bearer {key}" in server.books.keys
    assert [answer for answer in said if key in str(answer)] == []
    assert key not in texts(tmp_path / "here")


def test_a_wrong_key_is_not_kept(tmp_path: Path) -> None:
    with hosted(tmp_path / "server", "the-right-key-77") as server, start_kernel(tmp_path) as kernel:

        def type_key() -> None:
            kernel.client.get_stdin_msg(timeout=240)
            kernel.client.input("a-wrong-key-9911")

        answer = kernel.run(f"%dreams key {server.base_url}", when=lambda _: True, then=type_key)
        assert line(answer).startswith("AuthenticationError")
        assert "no key for" in line(kernel.run(f"%dreams use {server.base_url}"))


def test_to_forget_a_key_that_is_not_kept_says_so(kernel: Kernel) -> None:
    assert "no key was kept for https://api.lumalabs.ai" in shown(kernel.run("%dreams key dream-machine --forget"))
    answer = kernel.run("%dreams key luma --forget --save")
    assert answer.error is not None
    assert "leave out one of them" in answer.error["evalue"]


def test_where_nobody_can_type_a_key_is_not_asked_for(kernel: Kernel) -> None:
    kernel.client.allow_stdin = False
    try:
        assert "this is not an interactive session, so a key cannot be asked for: set LUMAAI_API_KEY" in line(
            kernel.run("%dreams key dream-machine")
        )
    finally:
        kernel.client.allow_stdin = True


def test_check_says_what_works_and_what_to_do(tmp_path: Path, kernel: Kernel) -> None:
    assert shown(kernel.run("c = %dreams check")).startswith("%dreams check · everything works")
    assert {"studio", "key", "network", "library", "versions"} <= set(value(kernel, "[one.name for one in c]"))
    with hosted(tmp_path / "server", "the-right-key-78") as server:
        given = dict(environment(server)) | {"LUMAAI_API_KEY": "a-wrong-key-9912"}
        with start_kernel(tmp_path, **given) as other:
            text = shown(other.run("%dreams check"))
    assert "1 of 7 need attention" in text
    assert "Set another one with %dreams key dream-machine." in text
    assert "a-wrong-key-9912" not in text


def test_check_works_without_a_library(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with start_kernel(tmp_path, DREAM_NB_LIBRARY="taken") as kernel:
        assert "the library folder" in shown(kernel.run("%dreams check"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%dreams histori", "no such subcommand 'histori': did you mean history?"),
        ("%dreams zzz", "%dreams has no such subcommand: choose one of history, credits"),
        ("%dreams credits now", "%dreams credits takes no arguments"),
        ("%dreams show", "%dreams show needs a variable, an id or last"),
        ("%dreams show both[2]", "both has no item 2"),
        ("%dreams show nothing-like-it", "nothing in the library matches 'nothing-like-it'"),
        ("%dreams delete boat", "'boat' is not a variable or id: give one dream"),
        ("%dreams delete both", "'both' is 2 dreams: give one dream"),
        ("%dreams delete lake --file", "unknown option --file: did you mean --files?"),
        ("%dreams history -n many", "-n 'many' is not a whole number"),
        ("%dreams use studoi", "backend 'studoi' is not one of studio, dream-machine, luma, hosted, or a URL"),
        ("%dreams use http://far.example/v1", "would send the key unencrypted"),
        ("%dreams use hosted", "no hosted API has a key: run %dreams key luma for a key of the Luma API of 2026, or"),
        ("%dreams key", "each API has keys of its own: run %dreams key luma for"),
        ("%dreams stop nothing", "no job matches 'nothing'"),
        ("%dreams jobs --all", "unknown option --all: no options are allowed here"),
        ("%dream x --frame0 ~nosuchuser/x.jpg", "'~nosuchuser/x.jpg' does not exist"),
        (f"%dream x --frame0 {'x' * 300}", "is not a URL, variable, file or id"),
        ("a='b'; b='a'\n%dream x --frame0 a", "the text in the variable 'a' is not a URL, a file or an id"),
        ("%dream a lake -t 9999 -n 3", "take 10001 is not a number from 1 to 10,000"),
        ("%dream a lake -t 0 --dry-run", "take 0 is not a number from 1 to 10,000"),
        ("import dream_nb; dream_nb.dream('a lake', kind='picture')", "kind 'picture' is not one of video, image"),
    ],
)
def test_bad_input_is_one_line(kernel: Kernel, source: str, message: str) -> None:
    assert message in line(kernel.run(source))


@pytest.mark.parametrize("source", ["%dreams key luma-3f9a77", "%dreams use luma-3f9a77", "%dreams luma-3f9a77"])
def test_a_key_in_the_wrong_place_is_not_said_again(kernel: Kernel, source: str) -> None:
    answer = kernel.run(source)
    assert "luma-3f9a77" not in str(answer)
    assert answer.error is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_each_subcommand_is_in_the_help_and_in_the_guide(name: str) -> None:
    assert f"%dreams {name}" in (DreamMagics.dreams.__doc__ or "")
    assert f"`%dreams {name}" in GUIDE


@pytest.mark.parametrize("option", sorted({option for command in COMMANDS.values() for option in command.options}))
def test_each_option_of_a_subcommand_is_in_the_guide(option: str) -> None:
    assert re.search(rf"`{option}\b", GUIDE)


def test_what_other_people_wrote_is_no_markup() -> None:
    listing = Listing(
        command="history", title="<b>1</b>", headings=("<i>", "y"), rows=(("<script>", "x"),), items=("<",)
    )
    facts = Facts(command="use", title="<b>", rows=(("<script>", "x"),), note="<img>")
    for answer in (listing, facts):
        tags = {tag for tag, _ in Parsed(answer._repr_mimebundle_()["text/html"]).tags}
        assert tags <= {"div", "table", "tr", "th", "td"}


def test_what_was_listed_is_shown_again(kernel: Kernel) -> None:
    kernel.run("h = %dreams history lake")
    assert previews(kernel.run("%dreams show h[0]")) == previews(kernel.run("%dreams show h")) == 1


def test_what_lies_in_the_trash_or_is_gone_is_not_listed_as_completed(kernel: Kernel) -> None:
    kernel.run("kept = %dream -i a small weir\ngone = %dream -i a small weir --take 2")
    kernel.run("%dreams delete gone --files")
    text = shown(kernel.run("%dreams history small weir"))
    assert text.startswith(
        "%dreams history · 2 dreams with 'small weir' in the library 'dreams', 1 of them in the trash"
    )
    assert [("in the trash" in row, "completed" in row) for row in text.splitlines()[2:]] == [
        (True, False),
        (False, True),
    ]
    assert value(kernel, "x = %dreams show small weir\nx == kept") is True
    kernel.run("%dreams trash --empty")
    states = [row.split("  ") for row in shown(kernel.run("%dreams history small weir")).splitlines()[2:]]
    assert ["deleted" in row for row in states] == [True, False]


def test_a_storyboard_is_shown_as_its_shots(kernel: Kernel) -> None:
    kernel.run("%%storyboard --name film\na small pond\nit freezes")
    answer = kernel.run("both_shots = %dreams show film")
    assert answer.error is None, answer.error
    assert value(kernel, "[shot.prompt for shot in both_shots]") == ["a small pond", "it freezes"]


def test_last_is_what_was_made_before_a_storyboard_that_failed(kernel: Kernel) -> None:
    kernel.run("%dream a quay")
    assert kernel.run("%%storyboard\nnude gore").error is not None
    assert value(kernel, "x = %dreams show last\nx.prompt") == "a quay"


def test_where_nothing_was_made_yet_there_is_no_last_dream(kernel: Kernel) -> None:
    kernel.run("%dream the last quay")
    kernel.run("%reload_ext dream_nb")
    for command in ("show", "delete"):
        answer = kernel.run(f"%dreams {command} last")
        assert answer.error is not None
        assert "this notebook has no last dream yet" in answer.error["evalue"]


def test_what_could_not_be_made_is_shown_where_there_is_nothing_else(kernel: Kernel) -> None:
    assert value(kernel, "x = %dreams show gore\nsorted({dream.state for dream in x})") == ["failed"]


def test_what_was_refused_before_it_was_sent_is_no_dream(kernel: Kernel) -> None:
    assert kernel.run("%dream a sluice --set seed=3 --frame0 " + "3f2a91c0-4b7e-4c1d-9d2a-0123456789ab").error
    assert "0 dreams" in shown(kernel.run("%dreams history a sluice"))


def test_what_commands_a_terminal_is_not_listed_as_it_is() -> None:
    listing: Listing[str] = Listing(
        command="history", title="1", headings=("x", "y"), rows=(("\x1b]0;title\x07 a", "\x9b31m"),)
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", repr(listing))


def test_every_wait_for_one_failure_shows_one_line(kernel: Kernel) -> None:
    kernel.run("job = %dream gore --background")
    assert len({line(kernel.run("job.result()")) for _ in range(3)}) == 1


def test_a_file_that_was_removed_is_not_played(kernel: Kernel) -> None:
    kernel.run("gone = %dream a heath\nid = gone.generation.id")
    kernel.run("%dreams delete gone --files")
    (html,) = kernel.run("gone").data()
    assert "<video" not in html
    assert "is no longer in" in html or "has no file" in html
