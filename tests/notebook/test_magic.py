"""`%dream` and `%%dream` in a real kernel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dream_nb.html.stand_in import NOTHING, VIEW
from tests.kernel import Answer, Kernel, Message, start_kernel

PREVIEW = "<figure"
INTERRUPTED = "Interrupted: no longer waiting; the dream continues. Run this again to rejoin it.\n"
PREVIEW_TYPES = ["text/html", "text/plain"]
# A front end with a page names the cell in its request; this imitates it.
IN_PAGE = "get_ipython().kernel.get_parent('shell')['metadata']['cellId'] = 'x'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="90") as kernel:
        yield kernel


def previews(answer: Answer) -> int:
    assert answer.error is None, answer.error
    return sum(PREVIEW in html for html in answer.data())


def told(answer: Answer) -> str:
    """The text that a cell printed."""
    return "".join(output["text"] for output in answer.outputs if output["type"] == "stream")


def keep_update(message: Message, updates: list[Message]) -> bool:
    """Collect the updates of outputs; for `Kernel.run(when=)`."""
    if message["msg_type"] == "update_display_data":
        updates.append(message["content"])
    return False


def line(error: Answer) -> str:
    """The single line that a failed cell shows."""
    assert error.error is not None
    assert len(error.error["traceback"]) == 1
    return str(error.error["traceback"][0])


def test_a_bare_line_shows_one_preview_and_gives_a_dream(kernel: Kernel) -> None:
    assert previews(kernel.run("%dream a serene lake at sunset")) == 1
    assert kernel.run("_.prompt, _.state").result == "('a serene lake at sunset', 'completed')"


def test_an_assignment_shows_one_preview(kernel: Kernel) -> None:
    assert previews(kernel.run("d = %dream a serene lake at sunset")) == 1


def test_a_bare_dream_in_the_next_cell_shows_it_again(kernel: Kernel) -> None:
    kernel.run("d = %dream a serene lake at sunset")
    assert previews(kernel.run("d")) == 1
    assert previews(kernel.run("d")) == 1


def test_an_explicit_display_in_the_same_cell_shows_it_again(kernel: Kernel) -> None:
    assert previews(kernel.run("d = %dream a serene lake at sunset\ndisplay(d)\nd")) == 2


def test_a_kernel_without_history_shows_it_as_often(kernel: Kernel) -> None:
    for source in ("d = %dream a serene lake at sunset", "d"):
        reply = kernel.client.execute(source, store_history=False)
        shown = 0
        while True:
            message = kernel.client.get_iopub_msg(timeout=240)
            if message["parent_header"].get("msg_id") == reply:
                shown += PREVIEW in json.dumps(message["content"].get("data", {}))
                if message["content"].get("execution_state") == "idle":
                    break
        assert shown == 1, source


def test_a_console_shows_the_card_and_then_the_preview(kernel: Kernel) -> None:
    assert [sorted(output["data"]) for output in kernel.run("%dream a new lake").outputs] == [[VIEW], PREVIEW_TYPES]


def test_in_a_page_the_preview_takes_the_place_of_the_card(kernel: Kernel) -> None:
    updates: list[Message] = []
    answer = kernel.run(f"{IN_PAGE}\n%dream a newer lake", when=lambda message: keep_update(message, updates))
    # The card, and the live parts below the preview that replaces it.
    assert [sorted(output["data"]) for output in answer.outputs] == [[VIEW], [VIEW]]
    assert [sorted(update["data"]) for update in updates] == [PREVIEW_TYPES]
    assert updates[0]["transient"] == answer.outputs[0]["transient"]


def test_in_a_page_a_failure_leaves_an_output_that_shows_nothing(kernel: Kernel) -> None:
    updates: list[Message] = []
    answer = kernel.run(f"{IN_PAGE}\n%dream gore", when=lambda message: keep_update(message, updates))
    assert answer.error is not None
    assert [sorted(output["data"]) for output in answer.outputs] == [[VIEW]]
    assert [update["data"] for update in updates] == [NOTHING]


@pytest.mark.parametrize("again", [False, True])
def test_a_program_gets_the_preview_only(kernel: Kernel, again: bool) -> None:  # noqa: ARG001 - the second run is a replay
    sent = kernel.client.execute("%dream a lake that nobody watches", allow_stdin=False)
    updates: list[Message] = []
    answer = kernel.answer(sent, when=lambda message: keep_update(message, updates))
    assert [sorted(output["data"]) for output in answer.outputs] == [PREVIEW_TYPES]
    assert updates == []


def test_a_replay_says_for_a_moment_that_nothing_was_spent(kernel: Kernel) -> None:
    cell = "%dream an old lake"
    kernel.run(cell)
    assert [sorted(output["data"]) for output in kernel.run(cell).outputs] == [PREVIEW_TYPES]
    kernel.run(f"{IN_PAGE}\n{cell}")
    kernel.run("from dream_nb.notebook.cell import replay_line")
    assert kernel.run("[line.widget.passing[:32] for line in replay_line._shown]").result == (
        "['from your library, nothing spent']"
    )
    assert kernel.run("replay_line.vanish(); replay_line._shown").result == "[]"


@pytest.mark.parametrize(
    "prompt",
    ["it costs $5 and {x}", "two  spaces", "is this a lake?", "100% rain; calm", 'he said "go" to me', "snow ❄ and 雪"],
)
def test_a_prompt_arrives_as_typed(kernel: Kernel, prompt: str) -> None:
    answer = kernel.run(f"d = %dream {prompt}")
    assert previews(answer) == 1
    assert kernel.run("d.generation.request.prompt").result == repr(prompt)


def test_a_final_question_mark_stays_without_an_assignment(kernel: Kernel) -> None:
    assert previews(kernel.run("%dream is this a lake?")) == 1
    assert kernel.run("_.prompt").result == "'is this a lake?'"


def test_quotes_around_the_whole_are_not_part_of_the_prompt(kernel: Kernel) -> None:
    kernel.run('d = %dream "a lake --loop" --loop')
    assert kernel.run("d.prompt, d.request.loop").result == "('a lake --loop', True)"


def test_a_cell_takes_its_body_as_the_prompt(kernel: Kernel) -> None:
    kernel.run("%%dream --aspect-ratio 9:16\na waterfall {x} for $5,\n\n  mist?\n")
    assert kernel.run("_.prompt, _.request.aspect_ratio").result == repr(("a waterfall {x} for $5,\n\n  mist?", "9:16"))


def test_an_image_is_a_picture(kernel: Kernel) -> None:
    assert previews(kernel.run("d = %dream --image a lighthouse")) == 1
    assert kernel.run("d.kind, d.path.suffix, d.image.mode").result == "('image', '.jpg', 'RGB')"


def test_a_take_has_a_file_of_its_own(kernel: Kernel) -> None:
    kernel.run("first = %dream a hill\nsecond = %dream a hill --take 2")
    assert kernel.run("first.path != second.path").result == "True"


def test_frames_are_arrays_of_height_width_and_colour(kernel: Kernel) -> None:
    kernel.run("d = %dream a serene lake at sunset\nframes = [(f.shape, str(f.dtype)) for f in d.frames()]")
    assert kernel.run("len(frames), set(frames)").result == "(120, {((90, 160, 3), 'uint8')})"


def test_the_question_mark_shows_the_help(kernel: Kernel) -> None:
    sent = kernel.client.execute("%dream?")
    reply = kernel.client.get_shell_msg(timeout=240)
    while reply["parent_header"]["msg_id"] != sent:
        reply = kernel.client.get_shell_msg(timeout=240)
    assert "--aspect-ratio" in reply["content"]["payload"][0]["data"]["text/plain"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%%dream\n\n", "the prompt is empty"),
        ("%dream a lake --lop", "unknown option --lop: did you mean --loop?"),
        ("%dream a lake -a 7:3", "aspect ratio '7:3' is not one of 1:1, 16:9, 9:16, 4:3, 3:4, 21:9, 9:21"),
        ("%dream a lake --take many", "--take 'many' is not a whole number"),
        ("%dream a lake --take 0", "take 0 is not a number from 1 to 10,000"),
        ("%dream --image --loop a lake", "--loop is for videos"),
        ("%%dream a lake\nby night", "the prompt on the lines below"),
    ],
)
def test_bad_input_is_one_line_and_a_real_error(kernel: Kernel, source: str, message: str) -> None:
    answer = kernel.run(source)
    assert message in line(answer)


def test_tb_shows_the_rest(kernel: Kernel) -> None:
    kernel.run("%dream a lake --lop")
    shown = kernel.run("%tb").error
    assert shown is not None
    whole = "\n".join(shown["traceback"])
    assert "Traceback" in whole
    assert "read_arguments" in whole


def test_an_unwritable_library_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with start_kernel(tmp_path, DREAM_NB_LIBRARY="taken") as kernel:
        shown = line(kernel.run("%dream a lake"))
    assert "the library folder" in shown
    assert "choose another with DREAM_NB_LIBRARY" in shown


def dreaming(message: Message) -> bool:
    """Whether a message says on the card that the drawing has begun."""
    is_update = message["msg_type"] == "comm_msg"
    return is_update and bool(message["content"]["data"].get("state", {}).get("state") == "dreaming")


def test_an_interrupt_ends_the_wait_and_the_dream_goes_on(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        answer = kernel.run("%dream a valley", when=dreaming, then=kernel.manager.interrupt_kernel)
        assert (answer.error, told(answer)) == (None, INTERRUPTED)
        assert previews(kernel.run("d = %dream a valley")) == 1
        rows = "d._library.ledger.file.read('select count(*) from requests')[0][0]"
        assert kernel.run(f"len(__import__('glob').glob('dreams/*.mp4')), {rows}").result == "(1, 1)"


def test_an_unloaded_extension_leaves_no_thread_and_no_magic(tmp_path: Path) -> None:
    with start_kernel(tmp_path, DREAM_NB_STUDIO_SIDE="90") as kernel:
        kernel.run("%dream a lake")
        kernel.run("%unload_ext dream_nb")
        assert "not found" in str(kernel.run("%dream a lake").outputs)
        left = "[t.name for t in __import__('threading').enumerate() if 'dream' in t.name]"
        assert kernel.run(left).result == "[]"
