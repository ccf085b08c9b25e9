"""References to secrets: what each form reads, what it refuses, and that no value ever shows."""

from __future__ import annotations

import os
import sys
import types

import pytest

from connectors.errors import AuthFailed
from harvester.credentials import CredentialError, resolve
from harvester.redact import MASK, redact

VALUE = "the-value-that-must-not-show-1"


def secret_file(folder, content=VALUE, mode=0o600, name="token"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def refusal(reference, folder, environ=None) -> CredentialError:
    with pytest.raises(CredentialError) as caught:
        resolve(reference, folder=folder, environ=environ or {}).reveal()
    return caught.value


class Keyring(types.ModuleType):
    """A keyring package that knows one entry."""

    def __init__(self, entries, error=None):
        super().__init__("keyring")
        self.errors = types.ModuleType("keyring.errors")
        self.errors.KeyringError = type("KeyringError", (Exception,), {})
        self._entries, self._is_locked = entries, error

    def get_password(self, service, name):
        if self._is_locked:
            raise self.errors.KeyringError(VALUE)
        return self._entries.get((service, name))


@pytest.fixture
def install(monkeypatch):
    def install(keyring):
        monkeypatch.setitem(sys.modules, "keyring", keyring)
        monkeypatch.setitem(sys.modules, "keyring.errors", keyring and keyring.errors)

    return install


def test_variable_is_read_when_it_is_needed(tmp_path):
    environ = {}
    secret = resolve("env:TOKEN", folder=tmp_path, environ=environ)
    environ["TOKEN"] = VALUE

    assert secret.reveal() == VALUE


def test_variable_of_this_process_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("HARVEST_TEST_TOKEN", VALUE)

    assert resolve("env:HARVEST_TEST_TOKEN", folder=tmp_path).reveal() == VALUE


def test_unset_variable_is_named(tmp_path):
    error = refusal("env:TOKEN", tmp_path)

    assert error.what == "env:TOKEN: this environment variable is not set"
    assert error.remedy == "export TOKEN=…"


def test_token_written_behind_env_is_not_shown(tmp_path):
    error = refusal("env:ghp_abcdefghijklmnop1234", tmp_path)

    assert "abcdefgh" not in str(error)
    assert error.remedy == "write the variable's name after env:, not its value"


def test_missing_secret_stops_the_source_like_a_refused_one(tmp_path):
    assert isinstance(refusal("env:TOKEN", tmp_path), AuthFailed)


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_empty_secret_is_an_error_that_names_the_reference(tmp_path, value):
    assert refusal("env:TOKEN", tmp_path, {"TOKEN": value}).what == "env:TOKEN is empty"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_file_beside_the_configuration_is_read_without_its_line_end(tmp_path, ending):
    secret_file(tmp_path, VALUE + ending)

    assert resolve("file:token", folder=tmp_path).reveal() == VALUE


def test_file_may_be_named_from_the_home_folder(tmp_path, monkeypatch):
    secret_file(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert resolve("file:~/token", folder=tmp_path / "elsewhere").reveal() == VALUE


def test_rotated_file_is_seen_at_the_next_reveal(tmp_path):
    path = secret_file(tmp_path)
    secret = resolve("file:token", folder=tmp_path)
    secret.reveal()
    path.write_text("the next value")

    assert secret.reveal() == "the next value"


def test_linked_file_is_read_as_its_target(tmp_path):
    secret_file(tmp_path, name="..data")
    (tmp_path / "token").symlink_to("..data")

    assert resolve("file:token", folder=tmp_path).reveal() == VALUE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_file_open_to_others_is_refused_with_the_command_that_mends_it(tmp_path, mode):
    path = secret_file(tmp_path, mode=mode)

    error = refusal("file:token", tmp_path)

    assert error.what == f"file:token: {path} is open to other users"
    assert error.remedy == f"chmod 600 {path}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_file_of_another_user_is_refused(tmp_path):
    path = secret_file(tmp_path)
    os.chown(path, 4242, 4242)

    assert "belongs to another user" in refusal("file:token", tmp_path).what


def test_missing_file_is_named(tmp_path):
    error = refusal("file:token", tmp_path)

    assert error.what == f"file:token: cannot read {tmp_path / 'token'}: No such file or directory"


def test_folder_is_refused(tmp_path):
    (tmp_path / "token").mkdir()

    assert "is not a regular file" in refusal("file:token", tmp_path).what


def test_named_pipe_is_refused_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "token", 0o600)

    assert "is not a regular file" in refusal("file:token", tmp_path).what


def test_file_that_is_no_text_is_refused_without_its_bytes(tmp_path):
    secret_file(tmp_path, b"\xff\xfe" + VALUE.encode())

    error = refusal("file:token", tmp_path)

    assert "is not UTF-8 text" in error.what
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_huge_file_is_refused(tmp_path):
    secret_file(tmp_path, "x" * 100_000)

    assert "too long" in refusal("file:token", tmp_path).what


def test_keyring_entry_is_read(tmp_path, install):
    install(Keyring({("harvester", "github"): VALUE}))

    assert resolve("keyring:harvester/github", folder=tmp_path).reveal() == VALUE


def test_missing_keyring_entry_says_how_to_make_it(tmp_path, install):
    install(Keyring({}))

    assert refusal("keyring:harvester/github", tmp_path).remedy == "keyring set harvester github"


def test_missing_keyring_package_says_what_to_install(tmp_path, install):
    install(None)

    assert refusal("keyring:harvester/github", tmp_path).remedy == "pip install 'harvester[keyring]'"


def test_locked_keyring_is_an_error_without_its_text(tmp_path, install):
    install(Keyring({}, error=True))

    error = refusal("keyring:harvester/github", tmp_path)

    assert "does not answer (KeyringError)" in error.what
    assert VALUE not in str(error)


def test_systemd_credential_is_read_though_its_acl_shows_as_group_access(tmp_path):
    secret_file(tmp_path, VALUE + "\n", mode=0o440, name="github")
    secret = resolve("credential:github", folder=tmp_path, environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert secret.reveal() == VALUE


def test_credential_outside_systemd_says_what_is_missing(tmp_path):
    error = refusal("credential:github", tmp_path)

    assert error.remedy == "start it as a systemd service with LoadCredential=github:PATH"


@pytest.mark.parametrize("name", ["../github", "/etc/shadow", "..", ".", "a/b"])
def test_credential_name_that_is_a_path_is_refused(tmp_path, name):
    with pytest.raises(CredentialError, match="is no path"):
        resolve(f"credential:{name}", folder=tmp_path)


@pytest.mark.parametrize(
    "literal",
    ["ghp_abcdefghijklmnop1234", VALUE, "", ":", "user:password", "https://host/path", "Bearer abc", "ENV:TOKEN"],
)
def test_literal_secret_is_refused_and_not_repeated(tmp_path, literal):
    with pytest.raises(CredentialError) as caught:
        resolve(literal, folder=tmp_path)

    assert caught.value.what.startswith("a secret is not written here, only where it lies")
    assert "env:NAME, file:PATH, keyring:SERVICE/NAME or credential:NAME" in caught.value.remedy
    for part in ("abcdefgh", VALUE, "password", "Bearer", "host"):
        assert part not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "form"), [("ENV:TOKEN", "env"), ("evn:TOKEN", "env"), ("key-ring:a/b", "keyring")]
)
def test_mistyped_form_gets_the_nearest(tmp_path, reference, form):
    with pytest.raises(CredentialError, match=f"did you mean {form}:…"):
        resolve(reference, folder=tmp_path)


@pytest.mark.parametrize(
    "reference", ["env:", "file:", "env: TOKEN", "env:A-B", "env:1A", "keyring:a", "keyring:/a", "keyring:a/"]
)
def test_incomplete_reference_is_refused(tmp_path, reference):
    with pytest.raises(CredentialError, match="write "):
        resolve(reference, folder=tmp_path)


def test_revealed_secret_is_masked_everywhere_from_then_on(tmp_path):
    resolve("env:TOKEN", folder=tmp_path, environ={"TOKEN": "only-in-this-test-0815"}).reveal()

    assert redact("GET /?key=only-in-this-test-0815") == f"GET /?key={MASK}"


def test_secret_shows_its_reference_and_not_its_value(tmp_path):
    secret = resolve("env:TOKEN", folder=tmp_path, environ={"TOKEN": VALUE})
    secret.reveal()

    assert repr(secret) == "Secret('env:TOKEN')"
