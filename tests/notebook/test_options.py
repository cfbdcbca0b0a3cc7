"""Every option of `%dream` works in a real kernel, and is documented."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dream_nb.notebook.magics.magics import DreamMagics
from tests.kernel import Kernel, start_kernel
from tests.notebook.test_magic import line, previews

PARSER = DreamMagics.dream.parser  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("options")
    for name, colour in (("day", "orange"), ("night", "navy")):
        Image.new("RGB", (64, 36), colour).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[Kernel]:
    with start_kernel(folder, DREAM_NB_STUDIO_SIDE="32", DREAM_NB_STUDIO_SECONDS="0.25") as kernel:
        kernel.run("v = %dream a lake\ni = %dream -i a hill")
        yield kernel


def value(kernel: Kernel, expression: str) -> Any:
    result = kernel.run(expression).result
    assert result is not None, expression
    return ast.literal_eval(result)


def sent(kernel: Kernel, options: str) -> dict[str, Any]:
    """The JSON of the request of a line with these options."""
    answer = kernel.run(f"p = %dream a quiet harbour {options} --dry-run")
    assert answer.error is None, answer.error
    document: dict[str, Any] = value(kernel, "p.documents[0]")
    return document


@pytest.mark.parametrize(
    ("options", "field", "expected"),
    [
        ("", "generation_type", "video"),
        ("--kind image", "generation_type", "image"),
        ("-k video", "generation_type", "video"),
        ("-i", "generation_type", "image"),
        ("--aspect-ratio 9:16", "aspect_ratio", "9:16"),
        ("-a 21:9", "aspect_ratio", "21:9"),
        ("--loop", "loop", True),
        ("-l", "loop", True),
        ("--model ray-2", "model", "ray-2"),
        ("-m photon-flash-1", "model", "photon-flash-1"),
        ("-m photon-flash-1", "generation_type", "image"),
        ("--duration 9s", "duration", "9s"),
        ("-d 9", "duration", "9s"),
        ("--resolution 1080p", "resolution", "1080p"),
        ("-r 540p", "resolution", "540p"),
        ("--set seed=3", "seed", 3),
        ("--set duration='\"9s\"' --set seed=3", "duration", "9s"),
        ('--set \'concepts=[{"key": "orbit_left"}]\'', "concepts", [{"key": "orbit_left"}]),
        ("--concept dolly_zoom --concept handheld", "concepts", [{"key": "dolly_zoom"}, {"key": "handheld"}]),
        ("-i --format png", "format", "png"),
        ("--image-ref https://host/a.jpg:0.8", "image_ref", [{"url": "https://host/a.jpg", "weight": 0.8}]),
        ("--style-ref http://host:8080", "style_ref", [{"url": "http://host:8080"}]),
        ("--modify-ref https://host/a.jpg:1", "modify_image_ref", {"url": "https://host/a.jpg", "weight": 1.0}),
        (
            "--character-ref https://host/a.jpg --character-ref https://host/b.jpg",
            "character_ref",
            {"identity0": {"images": ["https://host/a.jpg", "https://host/b.jpg"]}},
        ),
        ("--style-ref https://host/a.jpg", "generation_type", "image"),
        ("--frame0 https://host/a.jpg", "keyframes", {"frame0": {"type": "image", "url": "https://host/a.jpg"}}),
    ],
)
def test_an_option_reaches_the_request(kernel: Kernel, options: str, field: str, expected: object) -> None:
    assert sent(kernel, options)[field] == expected


@pytest.mark.parametrize("given", ["v", "v.generation", "last", "uid", "several[0]", "[v][0]"])
def test_a_keyframe_is_a_dream_however_it_is_named(kernel: Kernel, given: str) -> None:
    kernel.run("w = %dream a lake\nuid = v.generation.id\nseveral = [v]\ng = v.generation")
    name = {"v.generation": "g", "[v][0]": value(kernel, "v.generation.id")}.get(given, given)
    assert sent(kernel, f"--frame1 {name}")["keyframes"]["frame1"] == {
        "type": "generation",
        "id": value(kernel, "v.generation.id"),
    }


@pytest.mark.parametrize("name", ["dreams", "sweep", "film", "shooting", "pictures"])
def test_one_of_several_is_named_by_its_number(kernel: Kernel, name: str) -> None:
    kernel.run(
        "sweep = %dream a pond at {dawn|dusk} -b\nimport dream_nb\ndreams = sweep.result(240)\n"
        "shooting = dream_nb.Storyboard(['a lake', 'a hill']).start()\nfilm = shooting.result(240)\n"
        "pictures = [i.image, i.path]"
    )
    wrong = line(kernel.run(f"%dream it goes on --frame0 {name}"))
    assert f"the variable {name!r} holds 2 items, but one dream or picture is needed: choose one, such as" in wrong
    assert sent(kernel, f"--frame0 {wrong.split()[-1]}")["keyframes"]["frame0"]
    assert sent(kernel, f"--frame0 {name}[0]") != sent(kernel, f"--frame0 {name}[-1]")


def test_a_picture_in_memory_is_named_by_its_variable(kernel: Kernel) -> None:
    kernel.run("import numpy\nphoto = i.image\npixels = numpy.asarray(photo)")
    named = [sent(kernel, f"--style-ref {name}:0.6")["style_ref"] for name in ("photo", "pixels")]
    assert named[0] == named[1]
    assert named[0][0]["url"].startswith("data:image/png;base64,")


def test_a_file_whose_name_ends_like_a_weight_is_that_file(kernel: Kernel, folder: Path) -> None:
    (folder / "day.png:0.5").write_bytes((folder / "night.png").read_bytes())
    assert sent(kernel, "--style-ref day.png:0.5")["style_ref"] == sent(kernel, "--style-ref night.png")["style_ref"]
    (folder / "day.png:0.5").unlink()
    assert sent(kernel, "--style-ref day.png:0.5")["style_ref"][0]["weight"] == 0.5


def test_a_keyframe_is_a_file_or_a_path_in_a_variable(kernel: Kernel) -> None:
    kernel.run("from pathlib import Path\nphoto = Path('night.png')")
    frames = sent(kernel, "--frame0 day.png --frame1 photo")["keyframes"]
    assert frames["frame0"]["url"].startswith("data:image/png;base64,")
    assert frames["frame0"]["url"] != frames["frame1"]["url"]


def test_references_take_files_and_images_with_weights(kernel: Kernel) -> None:
    document = sent(kernel, "--image-ref i:0.3 --image-ref day.png --style-ref night.png:.5 --modify-ref day.png:0.9")
    assert [ref.get("weight") for ref in document["image_ref"]] == [0.3, None]
    assert document["image_ref"][0]["url"].startswith("data:image/jpeg;base64,")
    assert (document["style_ref"][0]["weight"], document["modify_image_ref"]["weight"]) == (0.5, 0.9)


def test_a_weight_stands_behind_a_quoted_name(kernel: Kernel, folder: Path) -> None:
    (folder / "our old friend.jpeg").write_bytes((folder / "day.png").read_bytes())
    document = sent(kernel, '--image-ref "our old friend.jpeg":0.6')
    assert document["prompt"] == "a quiet harbour"
    assert [ref["weight"] for ref in document["image_ref"]] == [0.6]


def test_keyframes_and_references_are_made(kernel: Kernel) -> None:
    assert previews(kernel.run("%dream from day to night --frame0 day.png --frame1 night.png")) == 1
    assert previews(kernel.run("%dream it goes on --frame0 last")) == 1
    assert (
        previews(kernel.run("%dream a harbour --style-ref day.png:0.6 --character-ref i --modify-ref night.png")) == 1
    )


def test_a_count_gives_takes(kernel: Kernel) -> None:
    kernel.run("three = %dream -i a tower -n 3 --take 2")
    assert value(kernel, "[d.take for d in three]") == [2, 3, 4]
    assert value(kernel, "three.axes") == {"take": ["2", "3", "4"]}


def test_a_fresh_one_is_another_take_at_every_run(kernel: Kernel) -> None:
    for source in ("first = %dream -i a mill -f", "second = %dream -i a mill --fresh"):
        assert previews(kernel.run(source)) == 1
    assert value(kernel, "first.take, second.take") == (1, 2)


def test_a_sweep_gives_dreams_in_one_preview(kernel: Kernel) -> None:
    answer = kernel.run("s = %dream -i a lake at {time=dawn|dusk} in {rain|snow}")
    shown = [sorted(output["data"]) for output in answer.outputs if output["type"] == "display_data"]
    assert len(shown) == 2, shown
    assert shown[0] == ["application/vnd.jupyter.widget-view+json"]
    assert value(kernel, "s.axes") == {"time": ["dawn", "dusk"], "1": ["rain", "snow"]}
    assert value(kernel, "[d.prompt for d in s]")[1] == "a lake at dawn in snow"


def test_a_sweep_that_is_a_cells_result_is_shown_once(kernel: Kernel) -> None:
    answer = kernel.run("%dream -i a lake at {dawn|noon}")
    assert [output["type"] for output in answer.outputs] == ["display_data", "display_data"]
    assert value(kernel, "len(_)") == 2


def test_a_variable_is_taken_from_the_notebook(kernel: Kernel) -> None:
    kernel.run("animal = '{red} fox'\nd = %dream -i a {{animal}} and \\{{animal}}")
    assert value(kernel, "d.prompt") == "a {red} fox and {{animal}}"


def test_raw_takes_both_forms_as_they_are(kernel: Kernel) -> None:
    kernel.run("%%dream -i --raw --name d\na {{animal}} {a|b}\n---\nc\\{")
    assert value(kernel, "d.prompt") == "a {{animal}} {a|b}\n---\nc\\{"


def test_lines_of_dashes_separate_prompts(kernel: Kernel) -> None:
    kernel.run("%%dream -i\na lake,\nby day\n---\n\na hill {x}\n")
    assert value(kernel, "[d.prompt for d in _]") == ["a lake,\nby day", "a hill {x}"]


def test_a_name_holds_what_a_cell_made(kernel: Kernel) -> None:
    assert previews(kernel.run("%%dream -i --name tower\na tower")) == 1
    assert value(kernel, "tower.prompt") == "a tower"


def test_a_dry_run_shows_the_request_and_sends_nothing(kernel: Kernel) -> None:
    rows = "len(v._library.ledger.all())"
    before = value(kernel, rows)
    answer = kernel.run("%dream a dry {run|walk} -D")
    assert [output["type"] for output in answer.outputs] == ["display_data"]
    assert "2 dreams of the studio: 0 in the library, 2 to make, free" in answer.data()[0]
    assert answer.data()[0].count("<details") == 2
    assert value(kernel, rows) == before


def test_a_background_job_comes_at_once(kernel: Kernel) -> None:
    answer = kernel.run("job = %dream a wood in the wind --background\nstate = job.done()")
    shown = [sorted(output["data"]) for output in answer.outputs]
    assert shown == [["text/html", "text/plain"], ["application/vnd.jupyter.widget-view+json"]]
    assert value(kernel, "job.result(240).prompt") == "a wood in the wind"


def test_a_budget_and_yes_mean_nothing_where_nothing_is_paid(kernel: Kernel) -> None:
    assert kernel.run("%dream -i a hut at {1|2|3|4|5|6|7|8|9} --budget 0").error is None
    assert kernel.run("%dream -i a hut at {1|2} --yes").error is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%dream a lake --kind vidio", "--kind 'vidio' is not one of video, image: did you mean video?"),
        ("%dream a lake -i --loop", "--loop is for videos, and --image for images: leave out one"),
        ("%dream a lake --style-ref day.png --frame0 v", "--frame0 is for videos, and --style-ref for images"),
        ("%dream -i a lake -m foton", "model 'foton' is not one of photon-1, photon-flash-1"),
        ("%dream a lake -n 0", "0 takes: give a number from 1"),
        ("%dream a lake -n two", "--count 'two' is not a whole number"),
        ("%dream a lake -f -t 2", "leave out --take or --fresh"),
        ("%dream a lake --name 2x", "--name '2x' is not a valid Python name"),
        ("%dream a lake --name for", "--name 'for' is not a valid Python name"),
        ("%dream a lake --budget -1", "--budget -1 is not a number of USD cents"),
        ("%dream a lake --budget nan", "--budget nan is not a number of USD cents"),
        ("%dream a lake --set seed", "--set 'seed' is not field=json"),
        ("%dream a lake --set name=me", "'me' is not JSON: put text in double quotes, --set name='\"me\"'"),
        ("%dream a lake --set prompt=1", "the prompt cannot be changed with --set"),
        ("%dream a lake --set loop=1", "loop: input should be a valid boolean"),
        ("%dream a lake --frame0 dya.png", "--frame0: 'dya.png' does not exist: did you mean day.png?"),
        ("%dream a lake --frame0 nope.txt/", "'nope.txt/' does not exist"),
        ("%dream a lake --frame0 nope", "'nope' is not a URL, variable, file or id"),
        ("%dream a lake --frame0 three", "--frame0: the variable 'three' holds 2 items"),
        ("%dream a lake --frame0 three[9]", "three has no item 9"),
        ("%dream a lake --frame0 number", "the variable 'number' is of the type int: give a Dream"),
        ("%dream a lake --frame0 day.png:0.5", "--frame0: a keyframe has no weight"),
        ("%dream -i a lake --image-ref v", "is a video, but a picture is needed"),
        ("%dream -i a lake --image-ref notes.txt", "'notes.txt' is not a picture that can be read"),
        ("%dream -i a lake --style-ref day.png:2", "the weight 2 of 'day.png' is not from 0 to 1"),
        ("%dream -i a lake --character-ref day.png:0.5", "--character-ref: references to a character have no weight"),
        ("%dream a {{animol}}", "no variable is named 'animol': did you mean animal?"),
        ("%dream a {t=a|b} {t=c|d}", "the axis 't' is given twice"),
        ("%dream a {{three}}", "'three' is of the type Dreams, which is not text"),
        ("%dream a lake \N{EM DASH}loop", "begins with a dash that is not a hyphen: write --loop"),
        ("%%storyboard \N{EN DASH}a 9:16\na lake", "begins with a dash that is not a hyphen: write -a"),
        ("%dreams history fog \N{EN DASH}n 5", "begins with a dash that is not a hyphen: write -n"),
        (
            '%dream -i --image-ref "day.png":x a lake',
            "':x' follows the closing quotation mark of the value of --image-ref",
        ),
        ("%%dream\na lake\n---\n", "the prompt is empty"),
        ("%dream gore", "Contains blacklisted words"),
        ("%dream {lake|gore}", "1 of 2 not made: 'gore': Contains blacklisted words"),
    ],
)
def test_bad_input_is_one_line(kernel: Kernel, folder: Path, source: str, message: str) -> None:
    (folder / "notes.txt").write_text("no picture")
    kernel.run("number = 3\nanimal = 'fox'\nfrom dream_nb import Dreams\nthree = Dreams([v, i])")
    assert message in line(kernel.run(source))


def test_there_is_no_last_dream_before_the_first(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        assert "this notebook has no last dream yet" in line(kernel.run("%dream a lake --frame0 last"))


OPTIONS = [option for action in PARSER._actions for option in action.option_strings]


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_is_in_the_help(option: str) -> None:
    assert option in (DreamMagics.dream.__doc__ or "")


def test_a_panel_names_what_a_line_names(kernel: Kernel) -> None:
    kernel.run("import dream_nb\nponds = %dream a pond at {dawn|dusk} -b\nphoto = i.image")
    kernel.run("def sent(**given):\n    return dream_nb.Panel(prompt='a quiet harbour', **given).plan.documents[0]")
    for option, name in (("frame0", "ponds[1]"), ("frame1", "photo"), ("style_ref", "photo:0.6")):
        typed = sent(kernel, f"--{option.replace('_', '-')} {name}")
        assert value(kernel, f"sent({option}={name!r})") == typed
    assert value(kernel, "dream_nb.Panel().look('photo')[1][0][:2]") == b"\xff\xd8"


def test_a_panel_knows_the_last_dream(kernel: Kernel) -> None:
    kernel.run("import dream_nb\nmade = %dream a marsh")
    assert value(kernel, "dream_nb.Panel(prompt='night', frame0='last').code.split()[-1] == made.generation.id")
