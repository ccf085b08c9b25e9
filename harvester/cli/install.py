"""`harvest daemon --install`: show the systemd unit, ask, write it, and say what to do next."""

from __future__ import annotations

import argparse
import difflib
import os
import pwd
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.cli import show
from harvester.files import replace_text

if TYPE_CHECKING:
    from harvester.config import Settings
    from harvester.unit import Kind, Service

USAGE = 2
SYSTEM_UNITS = Path("/etc/systemd/system")


def run(options: argparse.Namespace, *, system_units: Path = SYSTEM_UNITS) -> int:
    """Write the unit after showing it and a yes; 2 where it was not written. `--print` only prints it."""
    from harvester import unit

    settings: Settings = show.settings(options)
    kind: Kind = options.scope or ("system" if os.geteuid() == 0 else "user")
    names = unit.credentials(settings)
    service = unit.Service(
        kind=kind,
        command=command(),
        code=code(),
        store=_store(options, kind, names),
        user=_owner(settings) if kind == "system" else "",
    )
    text = unit.unit(settings, service)
    if options.print:
        sys.stdout.write(text)
        return 0
    path = (system_units if kind == "system" else user_units(os.environ)) / unit.NAME
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if before != text:
        _show(path, before, text, service)
        if not _may_write(options):
            return USAGE
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(path, text, mode=0o644)
        except OSError as error:
            sys.stderr.write(f"harvest: {path}: cannot be written ({error.strerror}); {_remedy(settings, service)}\n")
            return USAGE
    sys.stdout.write(f"{path}\n")
    if not options.quiet:
        sys.stderr.write("".join(f"{line}\n" for line in _next(settings, service, before, text)))
    return 0


def command() -> tuple[str, ...]:
    """How this installation of harvest is called from anywhere: its console script, else its interpreter."""
    python = Path(sys.executable).absolute()  # not resolved: a virtual environment is found by its own path
    script = python.with_name("harvest")
    return (str(script),) if os.access(script, os.X_OK) else (str(python), "-m", "harvester")


def code() -> tuple[Path, ...]:
    """The folders this installation is loaded from: the interpreter of a virtual environment lies outside of it."""
    import harvester

    places = (sys.prefix, sys.base_prefix, Path(harvester.__file__).parent)
    return tuple(Path(place).resolve() for place in places)


def user_units(environ: Mapping[str, str]) -> Path:
    """Where systemd looks for a user's own units."""
    from harvester.config.load import user_config

    return user_config(environ).parents[1] / "systemd" / "user"


def _store(options: argparse.Namespace, kind: Kind, names: list[str]) -> Path:
    """The folder of the credentials: as named, as answered on a terminal, or the usual one."""
    from harvester import unit
    from harvester.config.load import user_config

    usual = unit.CREDSTORE if kind == "system" else user_config(os.environ).parent / "credentials"
    if options.credentials is not None:
        return Path(options.credentials).expanduser().absolute()
    if not names or options.print or options.yes or not _is_terminal():
        return usual
    sys.stderr.write(
        f"The configuration takes {', '.join(names)} as credentials: a file each, which systemd reads.\n"
    )
    answer = _ask(f"Folder they lie in [{usual}]: ")
    return Path(answer).expanduser().absolute() if answer else usual


def _owner(settings: Settings) -> str:
    """Whose the database is: a service of that user can write it, and so can the user by hand."""
    folder = settings.database.parent
    number = (folder if folder.is_dir() else settings.path).stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _show(path: Path, before: str | None, text: str, service: Service) -> None:
    if before is None:
        sys.stderr.write(f"{path}:\n\n{text}\n")
    else:
        changes = difflib.unified_diff(
            before.splitlines(), text.splitlines(), "as it is", "as it would be", lineterm=""
        )
        sys.stderr.write(f"{path} is there already; this would change:\n\n" + "\n".join(changes) + "\n\n")
    if service.user in ("root", "0"):
        sys.stderr.write(
            "It would run as root, who owns the database's folder; better give both to a user of their own:\n"
            "useradd --system harvester, chown the folder, and --install again\n\n"
        )


def _remedy(settings: Settings, service: Service) -> str:
    if service.kind == "user":
        return "check the owner and mode of its folder"
    again = ["daemon", "--install", "--system", "--credentials", str(service.store), "--config", str(settings.path)]
    return f"run: sudo {shlex.join([*service.command, *again])}"


def _may_write(options: argparse.Namespace) -> bool:
    if options.yes:
        return True
    if not _is_terminal():
        sys.stderr.write("harvest: nothing was written: there is no terminal to ask on; --yes says yes beforehand\n")
        return False
    if _ask("Write it? [y/N] ").casefold() in {"y", "yes"}:
        return True
    sys.stderr.write("harvest: nothing was written\n")
    return False


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _next(settings: Settings, service: Service, before: str | None, text: str) -> list[str]:
    from harvester import unit

    is_system = service.kind == "system"
    control, log = ("sudo systemctl", "journalctl") if is_system else ("systemctl --user", "journalctl --user")
    sudo = "sudo " if is_system else ""
    lines = [f"{'written' if before != text else 'it is as it should be'}; next:"]
    for folder in unit.written(settings):
        if not folder.is_dir():
            owner = f" -o {service.user}" if is_system else ""
            lines.append(f"  {sudo}install -d -m 750{owner} {shlex.quote(str(folder))}")
    names = unit.credentials(settings)
    if names:
        lines.append(f"  {sudo}install -d -m 700 {shlex.quote(str(service.store))}")
    lines += [
        f"  {sudo}install -m 600 /dev/stdin {shlex.quote(str(service.credential(name)))}"
        f"    # {name}: paste the secret, then Return and Ctrl-D"
        for name in names
    ]
    lines.append(f"  {control} daemon-reload")
    lines.append(f"  {control} enable --now {unit.NAME}")
    if before not in (None, text):
        lines.append(f"  {control} restart {unit.NAME}    # where it runs already")
    if not is_system:
        lines.append("  loginctl enable-linger    # or it ends when you log out")
    lines.append(f"  {log} -u {unit.NAME} -f    # what it says")
    if shutil.which("systemctl") is None:
        lines.append("There is no systemd on this machine; docs/operations.md names other ways.")
    return lines
