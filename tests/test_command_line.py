"""`python -m dream_nb` shares its library with the notebook, shows prices first, and has an exit status per result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

import dream_nb
from dream_nb.command_line import OPTIONS, ExitStatus, main
from dream_nb.default import close_default_session, forget_default_settings
from dream_nb.lines.options import DREAM, Option
from dream_nb.studio.faults import Fault
from tests.fakes.dream_machine import FakeDreamMachine
from tests.fakes.luma import EXR, FakeLuma
from tests.jobs.hosted import hosted, use
from tests.pages import GUIDE, rows
from tests.scripts import run

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    small: None,  # noqa: ARG001
) -> Iterator[Command]:
    """Runs command lines in an empty folder; returns the exit status, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    # Tests in another file may have left a session open.
    close_default_session()
    forget_default_settings()

    def call(*words: str) -> tuple[int, str, str]:
        try:
            status = main(words)
        finally:
            # Each command runs as if in a new process.
            close_default_session()
            forget_default_settings()
        out, err = capsys.readouterr()
        return status, out, err

    yield call
    close_default_session()
    forget_default_settings()


def documents(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_as_a_program_it_tells_its_version(tmp_path: Path) -> None:
    ended = run(tmp_path, "-m", "dream_nb", "--version")
    assert (ended.code, ended.out, ended.err) == (0, f"dream_nb {dream_nb.__version__}\n", "")


def test_as_a_program_it_makes_a_video(tmp_path: Path) -> None:
    ended = run(tmp_path, "-m", "dream_nb", "a lake", "-o", "lake.mp4")
    assert (ended.code, ended.out, ended.err) == (0, "lake.mp4\n", "")
    (kept,) = (tmp_path / "dreams").glob("*.mp4")
    assert (tmp_path / "lake.mp4").read_bytes() == kept.read_bytes()


def test_it_needs_no_ipython(tmp_path: Path) -> None:
    source = (
        "import sys; sys.modules['IPython'] = None\n"
        "from dream_nb.command_line import main\n"
        "sys.exit(main(['a', 'lake', '-i', '-o', 'lake.png']))"
    )
    ended = run(tmp_path, "-c", source)
    assert (ended.code, ended.out, ended.err) == (0, "lake.png\n", "")


def test_it_says_where_the_file_is(command: Command) -> None:
    status, out, err = command("a", "hill", "-i")
    assert status == 0, err
    assert Path(out.strip()).is_file()
    assert Path(out.strip()).parent == Path("dreams")


def test_the_same_command_gives_the_same_file_back(command: Command) -> None:
    (first,) = documents(command("a hill", "-i", "--json")[1])
    (second,) = documents(command("a hill", "-i", "--json")[1])
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["id"] == second["id"]


def test_it_shares_the_library_of_a_notebook(command: Command) -> None:
    made = dream_nb.dream("a hill", kind="image")
    close_default_session()
    (told,) = documents(command("a hill", "--image", "--json")[1])
    assert (told["id"], told["replayed"]) == (made.generation.id, True)


def test_json_is_one_object_for_each_dream_and_nothing_else(command: Command) -> None:
    status, out, _ = command("a {fox|cat}", "-i", "--json", "-o", "made/")
    assert status == 0
    assert [told["prompt"] for told in documents(out)] == ["a fox", "a cat"]
    for told in documents(out):
        (file,), (copy,) = told["files"], told["copies"]
        assert Path(file).is_absolute()
        assert Path(copy).read_bytes() == Path(file).read_bytes()
        assert told["request"]["prompt"] == told["prompt"]


@pytest.mark.parametrize(
    ("words", "name", "kind"),
    [(("a lake",), "lake.gif", "GIF"), (("a lake",), "lake.webp", "WEBP"), (("a hill", "-i"), "hill.png", "PNG")],
)
def test_a_name_of_another_kind_converts_the_file(
    command: Command, words: tuple[str, ...], name: str, kind: str
) -> None:
    assert command(*words, "-o", name)[:2] == (0, f"{name}\n")
    with Image.open(name) as picture:
        assert picture.format == kind


def test_a_picture_that_becomes_a_jpeg_has_the_quality_of_one_that_the_studio_made(command: Command) -> None:
    assert command("a hill", "-i", "--format", "png", "-o", "hill.jpg")[0] == 0
    assert command("a hill", "-i", "--format", "jpg", "-o", "made.jpg")[0] == 0
    with Image.open("hill.jpg") as picture, Image.open("made.jpg") as made:
        assert isinstance(picture, JpegImageFile)
        assert isinstance(made, JpegImageFile)
        assert picture.quantization == made.quantization


def test_all_files_of_a_generation_are_copied_and_told(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("a hut", "--hdr", "--exr")
    with FakeLuma().running() as fake:
        monkeypatch.delenv("DREAM_NB_BACKEND")
        fake.use(monkeypatch)
        status, out, err = command(*words, "-o", "made/")
        assert status == 0, err
        copies = [Path(line) for line in out.splitlines()]
        assert [(copy.parent, copy.suffix) for copy in copies] == [(Path("made"), ".mp4"), (Path("made"), ".exr")]
        assert copies[1].read_bytes() == EXR
        (told,) = documents(command(*words, "--json")[1])
        assert ([Path(file).name for file in told["files"]], told["copies"]) == ([copy.name for copy in copies], [])
        assert command(*words, "-o", "hut.mp4")[1] == "hut.mp4\n"
        assert fake.count("POST") == 1


def test_a_dry_run_shows_the_request_and_sends_nothing(command: Command) -> None:
    status, out, _ = command("a lake", "--loop", "-D")
    assert status == 0
    assert "1 to make" in out
    assert '"loop": true' in out
    assert not list(Path("dreams").glob("*.mp4"))


def test_a_dry_run_can_be_read_by_a_program(command: Command) -> None:
    (told,) = documents(command("a lake", "-a", "9:16", "-D", "--json", "-o", "made/")[1])
    assert (told["request"]["aspect_ratio"], told["standing"], told["take"]) == ("9:16", "new", 1)
    assert not Path("made").exists()


def test_a_file_can_be_a_keyframe(command: Command) -> None:
    Image.new("RGB", (64, 36), "navy").save("night.png")
    (told,) = documents(command("the sun rises", "--frame0", "night.png", "-D", "--json")[1])
    assert told["request"]["keyframes"]["frame0"]["type"] == "image"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a lake", "--lop"), "unknown option --lop: did you mean --loop?"),
        (("a", "lake", "—loop"), "'—loop' begins with a dash that is not a hyphen: write --loop"),
        (("a lake", "--count", "x"), "--count 'x' is not a whole number"),
        (("a lake", "--kind", "film"), "--kind 'film' is not one of video, image"),
        (("",), "the prompt is empty"),
        ((), "the prompt is empty"),
        (("a lake", "--frame0", "last"), "give a file, or the id of a generation"),
        (("a lake", "--frame0", "nothing"), "'nothing' is not a URL, file or id"),
        (("a {{word}}",), "no variable is named 'word': a command line has none."),
        (
            ("a lake", "-o", "lake.jpg"),
            "-o 'lake.jpg' is not a name for a video: use one that ends in .gif, .mp4, .webp",
        ),
        (("a lake", "-o", "there/lake.mp4"), "the folder 'there' does not exist: create it first"),
        (
            ("a {fox|cat}", "-o", "it.mp4"),
            "-o 'it.mp4' is one file, and this makes 2: give a folder, such as -o it.mp4/",
        ),
        (("a lake", "--backend", "nobody"), "is not one of studio, dream-machine, luma, hosted"),
        (("a lake", "--background"), "unknown option --background"),
    ],
)
def test_a_wrong_command_sends_nothing(command: Command, words: tuple[str, ...], message: str) -> None:
    status, out, err = command(*words)
    assert (status, out) == (ExitStatus.WRONG, "")
    assert message in err
    assert not list(Path().rglob("*.mp4"))


def test_what_stands_behind_two_dashes_is_prompt(command: Command) -> None:
    (told,) = documents(command("-D", "--json", "--", "a lake", "--loop")[1])
    assert told["request"]["prompt"] == "a lake --loop"


def test_settings_of_the_environment_count(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_ASPECT_RATIO", "9:16")
    (told,) = documents(command("a lake", "-D", "--json")[1])
    assert told["request"]["aspect_ratio"] == "9:16"


def test_a_wrong_setting_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DREAM_NB_BUDGET", "much")
    status, _, err = command("a lake")
    assert status == ExitStatus.WRONG
    assert "DREAM_NB_BUDGET: 'much'" in err


def test_a_library_can_be_chosen(command: Command) -> None:
    (told,) = documents(command("a hill", "-i", "--json", "--library", "elsewhere")[1])
    assert [Path(file).parent for file in told["files"]] == [Path("elsewhere").absolute()]


def test_what_the_server_cannot_make_is_told(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with hosted(tmp_path / "server", "key") as server:
        use(server, monkeypatch)
        server.faults.add(Fault(fail="no foxes"))
        status, out, err = command("a fox", "-i")
    assert (status, out) == (ExitStatus.NOT_MADE, "")
    assert "GenerationFailedError: not made: no foxes" in err
    assert "cell" not in err


def test_the_price_is_told_before_a_purchase(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeDreamMachine("2025").running() as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        status, out, err = command("a lake", "--json")
        assert status == 0, err
        assert err.splitlines()[0].startswith("1 new dream of dream-machine, ")
        assert len(fake.posts) == 1
        assert len(documents(out)) == 1
        assert command("a lake")[2] == ""
        assert len(fake.posts) == 1


def test_many_purchases_need_a_yes(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeDreamMachine("2025").running() as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        status, out, err = command("a lake", "-i", "-n", "9")
        assert (status, out, fake.posts) == (ExitStatus.NOT_ALLOWED, "", [])
        assert "9 dreams would be paid for" in err
        assert "add --yes" in err
        assert command("a lake", "-i", "-n", "9", "--yes")[0] == 0
        assert len(fake.posts) == 9


def test_a_budget_is_kept(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeDreamMachine("2025").running() as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("DREAM_NB_BUDGET", "0.01")
        status, out, err = command("a lake", "-m", "ray-2")
        assert (status, out, fake.posts) == (ExitStatus.NOT_ALLOWED, "", [])
        assert "BudgetError" in err


def test_no_key_is_written_anywhere(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = "key-of-a-command-line-5512"
    with hosted(tmp_path / "server", key) as server:
        use(server, monkeypatch)
        monkeypatch.setenv("LUMAAI_API_KEY", key + "-wrong")
        status, out, err = command("a fox", "-i")
    assert status == ExitStatus.NOT_MADE
    assert "AuthenticationError" in err
    assert "%dreams key --save in a notebook asks for a new one" in err
    assert key not in out + err


@pytest.mark.skipif(sys.platform == "win32", reason="a signal to another process needs POSIX")
def test_an_interrupt_stops_waiting_and_the_same_command_comes_back(tmp_path: Path) -> None:
    with FakeDreamMachine("2025").running() as fake:
        fake.holds = True
        ours = os.environ | fake.environment()
        words = [sys.executable, "-m", "dream_nb", "a lake", "-o", "lake.mp4"]
        process = subprocess.Popen(words, cwd=tmp_path, env=ours, stdout=-1, stderr=-1, text=True)
        while process.poll() is None and ("POST" not in {method for method, _ in fake.calls[:-1]}):
            time.sleep(0.01)  # until the create was sent and followed by another request
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (ExitStatus.INTERRUPTED, "")
        assert err.splitlines()[-1] == (
            "Interrupted: no longer waiting; the dream continues. Run this again to rejoin it."
        )
        fake.holds = False
        again = subprocess.run(words, cwd=tmp_path, env=ours, capture_output=True, text=True, timeout=60, check=True)
        assert again.stdout == "lake.mp4\n"
        assert len(fake.posts) == 1


def test_the_command_line_has_the_options_of_a_line_and_its_own() -> None:
    theirs = {one.name for one in DREAM if isinstance(one, Option)}
    ours = {one.name for one in OPTIONS if isinstance(one, Option)}
    assert theirs - ours == {"background", "name"}
    assert ours - theirs == {"output", "json", "library", "backend", "tutorials", "version"}


def test_help_names_every_option_and_every_status(command: Command) -> None:
    status, out, _ = command("--help")
    assert status == 0
    assert [one.names[-1] for one in OPTIONS if isinstance(one, Option) and one.names[-1] not in out] == []
    assert [status for status in ExitStatus if f"\n  {status:d}  " not in out] == []


def test_tutorials_are_copied(command: Command) -> None:
    assert command("--tutorials", "mine")[:2] == (0, "mine\n")
    assert Path("mine", "01_first_dream.ipynb").is_file()


def test_the_guide_lists_every_status() -> None:
    assert [row[0] for row in rows(GUIDE, "Exit status")] == [f"{status:d}" for status in ExitStatus]
