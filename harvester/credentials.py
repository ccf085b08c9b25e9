"""Secrets by reference: where a secret lies stands in the configuration, its value never does."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from connectors.base import Secret
from connectors.errors import AuthFailed
from connectors.nearest import nearest
from harvester.redact import register, scrub

FORMS = "env:NAME, file:PATH, keyring:SERVICE/NAME or credential:NAME"
_SCHEMES = ("env", "file", "keyring", "credential")
_LONGEST = 64 * 1024  # bytes; no key is that long, and a wrong path may lead to anything


class CredentialError(AuthFailed):
    """A secret cannot be had; the source that needs it stops. Never holds a value."""


def resolve(reference: str, *, folder: Path, environ: Mapping[str, str] | None = None) -> Secret:
    """The secret that `reference` names, unread. `folder`: of the configuration, for relative paths.

    Raises CredentialError where the reference itself is wrong, without repeating it: it may be the secret.
    What lies behind it is read, and checked, at each reveal().
    """
    scheme, separator, rest = reference.partition(":")
    if not separator or scheme not in _SCHEMES:
        near = nearest(scheme, _SCHEMES) if separator else None
        raise CredentialError(
            "a secret is not written here, only where it lies" + (f"; did you mean {near}:…?" if near else ""),
            remedy=f"write {FORMS} (if a real secret stood here, withdraw it)",
        )
    if not rest or rest != rest.strip():
        raise CredentialError(f"nothing, or white space, after {scheme}:", remedy=f"write {FORMS}")
    shown = scrub(reference)
    environ = os.environ if environ is None else environ
    return Secret(shown, _guarded(shown, _reader(scheme, rest, shown, folder, environ)))


def _reader(scheme: str, rest: str, shown: str, folder: Path, environ: Mapping[str, str]) -> Callable[[], str]:
    if scheme == "env":
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", rest):
            raise CredentialError("what follows env: is not the name of a variable", remedy="write env:NAME")
        return lambda: _from_env(rest, shown, environ)
    if scheme == "file":
        path = folder / Path(rest).expanduser()
        return lambda: _from_file(path, shown)
    if scheme == "keyring":
        service, _, name = rest.rpartition("/")
        if not service or not name:
            raise CredentialError("a keyring entry has a service and a name", remedy="write keyring:SERVICE/NAME")
        return lambda: _from_keyring(service, name, shown)
    if "/" in rest or rest in {".", ".."}:
        raise CredentialError("the name of a systemd credential is no path", remedy="write credential:NAME")
    return lambda: _from_systemd(rest, shown, environ)


def _guarded(shown: str, read: Callable[[], str]) -> Callable[[], str]:
    def reveal() -> str:
        value = read()
        if not value.strip():
            raise CredentialError(f"{shown} is empty", remedy="store the secret there")
        register(value)
        return value

    return reveal


def _from_env(name: str, shown: str, environ: Mapping[str, str]) -> str:
    try:
        return environ[name]
    except KeyError:
        remedy = f"export {name}=…" if scrub(name) == name else "write the variable's name after env:, not its value"
        raise CredentialError(f"{shown}: this environment variable is not set", remedy=remedy) from None


def _from_file(path: Path, shown: str) -> str:
    content, status = _read(path, shown)
    if status.st_uid not in {os.geteuid(), 0}:
        raise CredentialError(
            f"{shown}: {path} belongs to another user, who could replace it", remedy=f"chown {os.geteuid()} {path}"
        )
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CredentialError(f"{shown}: {path} is open to other users", remedy=f"chmod 600 {path}")
    return content


def _from_systemd(name: str, shown: str, environ: Mapping[str, str]) -> str:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise CredentialError(
            f"{shown}: no credentials were passed to this process",
            remedy=f"start it as a systemd service with LoadCredential={name}:PATH",
        )
    # The mode says nothing: systemd keeps the folder private and shares the file by ACL, which shows as group access.
    return _read(Path(folder) / name, shown)[0]


def _read(path: Path, shown: str) -> tuple[str, os.stat_result]:
    """Content and status of one and the same file, whatever is renamed meanwhile."""
    try:
        # Non-blocking, or a named pipe would hang here.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a valid path"
        raise CredentialError(f"{shown}: cannot read {scrub(str(path))}: {why}", remedy="check the path") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise CredentialError(f"{shown}: {path} is not a regular file", remedy="put the secret into a file")
        content = os.read(descriptor, _LONGEST + 1)  # a regular file gives all it has in one read
    finally:
        os.close(descriptor)
    if len(content) > _LONGEST:
        raise CredentialError(f"{shown}: {path} is too long for a secret", remedy="check the path")
    try:
        return content.decode().rstrip("\r\n"), status
    except UnicodeDecodeError:
        # `from None`: the original error carries the bytes.
        raise CredentialError(f"{shown}: {path} is not UTF-8 text", remedy="store the secret as text") from None


def _from_keyring(service: str, name: str, shown: str) -> str:
    try:
        import keyring  # an optional package
        from keyring.errors import KeyringError
    except ImportError:
        raise CredentialError(
            f"{shown}: the keyring package is not installed", remedy="pip install 'harvester[keyring]'"
        ) from None
    try:
        value = keyring.get_password(service, name)
    except KeyringError as error:
        raise CredentialError(
            f"{shown}: the keyring does not answer ({type(error).__name__})", remedy="unlock it, or use file:PATH"
        ) from None
    if value is None:
        raise CredentialError(f"{shown}: no such entry", remedy=f"keyring set {service} {name}")
    return str(value)
