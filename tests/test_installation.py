"""What belongs to this installation, and how that is verified."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dream_nb import installation
from dream_nb.installation import is_sealed, seal, state_folder

SEAL = "from dream_nb.installation import seal; print(seal('callback x'))"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a new installation."""
    folder = tmp_path / "state" / "dream_nb"
    monkeypatch.setenv("DREAM_NB_STATE", str(folder))
    forget(monkeypatch)
    return folder


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset the module's state to that of a process that has just started."""
    monkeypatch.setattr(installation, "_secrets", {})
    monkeypatch.setattr(installation, "_reported", set())


def sealed_elsewhere() -> str:
    """A seal made by another process of this installation."""
    done = subprocess.run([sys.executable, "-c", SEAL], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def test_the_folder_is_made_for_this_user_only(state: Path) -> None:
    assert state_folder() == state
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_home_is_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DREAM_NB_STATE", "~/kept")
    assert state_folder() == tmp_path / "kept"


def test_without_the_variable_it_lies_where_the_system_keeps_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DREAM_NB_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = state_folder()
    assert folder is not None
    assert folder.name == "dream_nb"
    assert folder.is_relative_to(tmp_path)


def test_the_secret_is_for_this_user_only(state: Path) -> None:
    seal("x")
    (file,) = state.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == 32


def test_a_seal_is_known_again_by_another_process() -> None:
    assert is_sealed("callback x", sealed_elsewhere())


def test_a_seal_counts_for_its_text_only() -> None:
    assert is_sealed("callback x", seal("callback x"))
    assert not is_sealed("callback y", seal("callback x"))


@pytest.mark.parametrize("claimed", [None, 0, b"x", "", "x", "é", "\ud800", "0" * 64])
def test_anything_else_is_no_seal(claimed: object) -> None:
    assert not is_sealed("callback x", claimed)


def test_text_that_is_no_unicode_can_be_sealed() -> None:
    assert is_sealed("\ud800", seal("\ud800"))


def test_another_installation_seals_differently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = seal("callback x")
    monkeypatch.setenv("DREAM_NB_STATE", str(tmp_path / "other"))
    assert not is_sealed("callback x", ours)


def test_threads_and_processes_that_begin_at_once_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    children = [subprocess.Popen([sys.executable, "-c", SEAL], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    seals = {child.communicate()[0].strip() for child in children}
    with ThreadPoolExecutor(8) as threads:
        seals |= set(threads.map(seal, ["callback x"] * 64))
    forget(monkeypatch)
    assert seals == {seal("callback x")}


def test_where_there_are_no_hard_links_the_secret_is_kept_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    ours = seal("callback x")
    assert sealed_elsewhere() == ours


def secret_is_a_link(state: Path) -> None:
    (state.parent / "elsewhere").write_bytes(b"0" * 32)
    (state.parent / "elsewhere").chmod(0o600)
    (state / "secret").symlink_to(state.parent / "elsewhere")


def secret_can_be_read_by_others(state: Path) -> None:
    (state / "secret").write_bytes(b"0" * 32)
    (state / "secret").chmod(0o644)


def secret_is_short(state: Path) -> None:
    (state / "secret").touch(0o600)


def secret_is_a_folder(state: Path) -> None:
    (state / "secret").mkdir(0o700)


def secret_is_a_pipe(state: Path) -> None:
    os.mkfifo(state / "secret", 0o600)


def folder_can_be_written_by_others(state: Path) -> None:
    state.chmod(0o777)


def folder_is_a_file(state: Path) -> None:
    state.rmdir()
    state.write_text("")


@pytest.mark.parametrize(
    "spoil",
    [
        secret_is_a_link,
        secret_can_be_read_by_others,
        secret_is_short,
        secret_is_a_folder,
        secret_is_a_pipe,
        folder_can_be_written_by_others,
        folder_is_a_file,
    ],
    ids=lambda spoil: spoil.__name__,
)
def test_a_place_that_is_not_safe_gives_a_secret_of_this_process_only(
    spoil: object, state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    state.mkdir(mode=0o700, parents=True)
    assert callable(spoil)
    spoil(state)
    ours = seal("callback x")
    assert is_sealed("callback x", ours)
    (message,) = warnings(caplog)
    assert str(state) in message
    assert "\n" not in message
    forget(monkeypatch)
    assert not is_sealed("callback x", ours)


@pytest.mark.parametrize("given", ["state", "./state", "../state"])
def test_a_folder_beside_the_working_directory_is_none(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DREAM_NB_STATE", given)
    assert state_folder() is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DREAM_NB_STATE", str(tmp_path / "file" / "state"))
    assert state_folder() is None
