"""Where keys are found, and that each is sent only to its own origin and written nowhere else."""

from __future__ import annotations

import pickle
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import SecretStr

from dream_nb.api.errors import ConfigurationError, DreamError
from dream_nb.backends import keys
from dream_nb.backends.backends import choose_backend
from dream_nb.backends.keys import Key, find_key, forget, need_key, remember
from dream_nb.requests.fields import make_request
from dream_nb.session import Session
from tests.jobs.hosted import HASTE, SECONDS, Hosted, hosted, texts

keyring = pytest.importorskip("keyring", reason="keys kept by the system need the package keyring")

HOSTED = "https://api.lumalabs.ai/dream-machine/v1"
OTHER = "https://other.example/dream-machine/v1"


class Memory(keyring.backend.KeyringBackend):  # type: ignore[misc, name-defined] # from a package that may be missing
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Locked(Memory):
    """A keyring that stays locked."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002
        raise keyring.errors.KeyringLocked("locked")

    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002
        raise keyring.errors.PasswordSetError(f"refused {password}")


@pytest.fixture(autouse=True)
def chain(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    """An empty keyring, with no key anywhere else."""
    for name in ("LUMAAI_API_KEY", "LUMAAI_BASE_URL", "DREAM_NB_KEY", "DREAM_NB_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(keys, "_given", {})
    before = keyring.get_keyring()
    keyring.set_keyring(memory := Memory())
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Colab's secrets, as its module returns them: a secret that is missing or not allowed raises an error."""
    secrets: dict[str, str] = {}
    userdata = ModuleType("google.colab.userdata")
    userdata.get = secrets.__getitem__  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)
    return secrets


def found(backend: str) -> tuple[str, str] | None:
    key = find_key(backend)
    return None if key is None else (key.secret.get_secret_value(), key.source)


def test_what_was_given_comes_before_the_environment_before_colab_before_the_keyring(
    monkeypatch: pytest.MonkeyPatch, colab: dict[str, str], chain: Memory
) -> None:
    assert found("dream-machine") is None
    chain.kept["dream_nb", "https://api.lumalabs.ai"] = "kept"
    assert found("dream-machine") == ("kept", "the keyring")
    colab["LUMAAI_API_KEY"] = "secret"
    assert found("dream-machine") == ("secret", "Colab's secrets (LUMAAI_API_KEY)")
    monkeypatch.setenv("LUMAAI_API_KEY", "set")
    assert found("dream-machine") == ("set", "the environment (LUMAAI_API_KEY)")
    remember(HOSTED, SecretStr("given"))
    assert found("dream-machine") == ("given", "%dreams key in this session")
    forget(HOSTED)
    assert found("dream-machine") == ("set", "the environment (LUMAAI_API_KEY)")


def test_a_saved_key_is_there_in_the_next_session_and_can_be_forgotten(chain: Memory) -> None:
    remember(HOSTED, SecretStr("given"), save=True)
    keys._given.clear()
    assert found("dream-machine") == ("given", "the keyring")
    forget(HOSTED)
    assert chain.kept == {}
    assert found("dream-machine") is None


def test_what_a_locked_keyring_cannot_keep_is_kept_in_this_process_and_said() -> None:
    keyring.set_keyring(Locked())
    assert found("dream-machine") is None
    given = SecretStr(f"given-{7 * 1419}")
    with pytest.raises(ConfigurationError, match="the keyring could not save the key") as caught:
        remember(HOSTED, given, save=True)
    said = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert "given-9933" not in "".join(said)
    assert found("dream-machine") == ("given-9933", "%dreams key in this session")


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert found("dream-machine") is None
    with pytest.raises(ConfigurationError, match=r"pip install 'dream_nb\[keyring\]'"):
        remember(HOSTED, SecretStr("given"), save=True)


@pytest.mark.parametrize(
    "backend",
    [
        "https://other.example/dream-machine/v1",
        "https://api.lumalabs.ai:444/v1",
        "http://127.0.0.1:9/v1",
        "http://[::1]/",
    ],
)
def test_no_key_of_the_hosted_api_is_another_origins(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setenv("LUMAAI_API_KEY", "set")
    remember(HOSTED, SecretStr("given"))
    assert found(backend) is None
    with pytest.raises(ConfigurationError, match=r"no key for http.*run %dreams key http"):
        need_key(choose_backend(backend))


def test_the_variable_of_another_server_is_for_the_backend_of_the_environment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DREAM_NB_KEY", "its own")
    assert found(OTHER) is None
    monkeypatch.setenv("DREAM_NB_BACKEND", OTHER)
    assert found(OTHER) == ("its own", "the environment (DREAM_NB_KEY)")
    assert found("dream-machine") is None
    assert found("https://third.example") is None


def test_a_key_makes_the_hosted_api_the_default(chain: Memory) -> None:
    assert choose_backend() == "studio"
    chain.kept["dream_nb", "https://api.lumalabs.ai"] = "kept"
    assert choose_backend() == "dream-machine"


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("studio", "studio"),
        ("dream-machine", "dream-machine"),
        (HOSTED, "dream-machine"),
        (HOSTED + "/", "dream-machine"),
        (OTHER + "/", OTHER),
    ],
)
def test_a_backend_has_one_name(name: str, chosen: str) -> None:
    assert choose_backend(name) == chosen


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("http://far.example/v1", "would send the key unencrypted"),
        ("https://ada:secret-71@far.example/v1", "must not contain a user name or password"),
        ("ftp://far.example", "is not an http"),
        ("luma-secret-71", "is not one of studio, dream-machine, luma, hosted, or a URL"),
    ],
)
def test_a_wrong_backend_is_refused_and_says_no_secret(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        choose_backend(name)
    assert "secret-71" not in str(caught.value)


def test_a_key_is_in_no_repr() -> None:
    key = Key(SecretStr("given-9932"), HOSTED, "%dreams key in this session")
    assert "given-9932" not in f"{key} {key!r} {key.secret}"


def test_two_servers_each_get_their_own_key_and_no_file_has_one(
    server: Hosted, key: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    own = "a-key-of-its-own-5512"
    with hosted(tmp_path / "other", own) as other:
        remember(other.base_url, SecretStr(own))
        with Session("dreams", "dream-machine", patience=HASTE, prices={"image": 1.5}) as session:
            request = make_request("a lake", kind="image")
            first = session.submit(request).result(SECONDS)
            session.use(other.base_url)
            second = session.submit(request).result(SECONDS)
            with pytest.raises(DreamError) as wrong:
                session.use("https://third.example/v1")
        assert (first.backend, second.backend) == ("dream-machine", other.base_url)
        assert set(server.books.keys) == {f"Bearer {key}"}
        assert set(other.books.keys) == {f"Bearer {own}"}
    said = [
        repr(first),
        repr(second),
        pickle.dumps(second).decode("latin-1"),
        caplog.text,
        texts(Path("dreams")),
        str(wrong.value),
    ]
    assert [text for text in said if own in text or key in text] == []


def test_what_was_made_elsewhere_is_read_back_from_its_sidecar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with hosted(tmp_path / "other", "its-own-5513") as other:
        remember(other.base_url, SecretStr("its-own-5513"))
        with Session("dreams", other.base_url, patience=HASTE, prices={"image": 1.5}) as session:
            made = session.submit(make_request("a lake", kind="image")).result(SECONDS)
    for path in Path("dreams").glob("ledger.sqlite*"):
        path.unlink()
    with Session("dreams", "studio", replay="only") as session:
        (dream,) = session.dreams()
        assert (dream.backend, dream.hash) == (made.backend, made.hash)
