"""The systemd unit that runs `harvest daemon`: text made of a configuration, so that what it says can be tested.

`Type=notify` with an ExecReload rather than `notify-reload`: systemd before 253 does not know the latter, and would
take it for a service that says nothing.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from connectors.base import Secret
from harvester.config import ConfigError, Problem, Settings, Source
from harvester.redact import MASK

Kind = Literal["user", "system"]
T = TypeVar("T")

NAME = "harvester.service"
CREDSTORE = Path("/etc/credstore")
"""Where systemd itself looks for the credentials of system services (systemd.exec(5))."""

_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - only looked for in paths
_PLAIN = re.compile(r"[A-Za-z0-9_./=:,@+-]+")
# Of these, some settings keep a backslash and others take it for the first half of an escape.
_UNWRITABLE = re.compile(r'["\\\x00-\x1f\x7f-\x9f\ud800-\udfff]')


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Who runs the daemon. `command`: of `harvest`, absolute; `code`: the folders it is loaded from, links followed;
    `store`: the folder in which the credentials lie; `user`: who a system service runs as."""

    kind: Kind
    command: Sequence[str]
    code: Sequence[Path]
    store: Path
    user: str = ""

    def credential(self, name: str) -> Path:
        """The file of a credential; in the store of all services it says whose it is."""
        return self.store / (f"harvester.{name}" if self.store == CREDSTORE else name)


def unit(settings: Settings, service: Service) -> str:
    """The whole unit file. ConfigError for a path or a name that systemd has no way to write."""
    system = service.kind == "system"
    parts = [
        _head(settings, service),
        "[Service]",
        *([f"User={service.user}"] if system else []),
        *_life(settings, service),
        "",
        *_secrets(settings, service),
        *_LIMITS,
        "",
        *(_system_sandbox(settings, service) if system else _user_sandbox(settings)),
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if system else 'default.target'}",
    ]
    return "\n".join(parts) + "\n"


def credentials(settings: Settings) -> list[str]:
    """The names of the `credential:NAME` that enabled sources refer to."""
    return [_name_of(rest, settings) for scheme, rest in references(settings) if scheme == "credential"]


def references(settings: Settings) -> list[tuple[str, str]]:
    """Where the secrets of everything enabled lie, as (scheme, rest), each once."""
    return sorted(
        {(scheme, rest) for secret in _all(settings, Secret) for scheme, _, rest in [secret.reference.partition(":")]}
    )


def written(settings: Settings) -> list[Path]:
    """The folders that the daemon writes in; none lies in another."""
    folders = {settings.database.parent, settings.spool}
    if settings.publish:
        folders.add(settings.publish.parent)
    if settings.export:
        folders.add(settings.export)
    return sorted(folder for folder in folders if not folders.intersection(folder.parents))


def _head(settings: Settings, service: Service) -> str:
    edit = "systemctl edit" if service.kind == "system" else "systemctl --user edit"
    lines = [
        f"# Written by `harvest daemon --install --{service.kind}`.",
        f"# Keep changes of your own apart, or the next --install takes them back: {edit} {NAME}",
        "[Unit]",
        f"Description=harvester ({_raw(settings.path)})",
    ]
    if service.kind == "system":
        lines += [
            # Without them the first harvest after a boot fails and is tried again, or trusts a clock not yet set.
            "Wants=network-online.target",
            "After=network-online.target time-sync.target",
            f"RequiresMountsFor={_words(written(settings))}",
        ]
    return "\n".join([*lines, ""])


def _life(settings: Settings, service: Service) -> list[str]:
    words = [*service.command, "daemon", "--config", str(settings.path)]
    # With a colon before the program systemd leaves $ alone; where there is none, the line reads better without.
    colon = ":" if any("$" in word for word in words) else ""
    return [
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={colon}{_words(words)}",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "KillMode=mixed",
        "TimeoutStopSec=15",
        "# A database of an older version is copied and migrated before the daemon says that it is ready.",
        "TimeoutStartSec=15min",
        "WatchdogSec=60",
        "Restart=on-failure",
        "RestartSec=30",
        "# 2: the configuration has to be changed first. 130: interrupted, as was asked.",
        "RestartPreventExitStatus=2",
        "SuccessExitStatus=130",
    ]


def _secrets(settings: Settings, service: Service) -> list[str]:
    lines = [f"LoadCredential={name}:{_raw(service.credential(name))}" for name in credentials(settings)]
    schemes: dict[str, list[str]] = {}
    for scheme, rest in references(settings):
        schemes.setdefault(scheme, []).append(_raw(rest))
    if "env" in schemes:
        lines += [
            f"# A service sees no variable of your shell: {', '.join(schemes['env'])}. Better credential:NAME in the",
            "# configuration and --install once more; or lines NAME=value in a file of mode 600, and here",
            f"#EnvironmentFile={_raw(service.store / 'environment')}",
        ]
    if "file" in schemes:
        who = service.user or "you"
        lines += [f"# Must belong to {who} and be closed to others (chmod 600): {', '.join(schemes['file'])}"]
    if "keyring" in schemes:
        reach = (
            "out of reach of a system service" if service.kind == "system" else "open only while you are logged in"
        )
        lines += [f"# The keyring is {reach}; better credential:NAME instead of: {', '.join(schemes['keyring'])}"]
    return [*lines, ""] if lines else []


# All of these need no privilege, so user units can have them.
_LIMITS = (
    "# The largest load may take 2 GB; a core dump would hold the secrets.",
    "MemoryMax=3G",
    "TasksMax=512",
    "LimitCORE=0",
    "UMask=0027",
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged",
    "SystemCallErrorNumber=EPERM",
)


def _system_sandbox(settings: Settings, service: Service) -> list[str]:
    places = [*written(settings), settings.path, settings.path.resolve(), *service.code]
    used = [*map(str, places), *service.command, *_named_places(settings)]
    is_home = any(_lies_in(place, _HOMES) or place.startswith("~") for place in used)
    is_temporary = any(_lies_in(place, _TEMPORARY) for place in used)
    return [
        "# No ProtectProc: who holds the database is told by name.",
        "ProtectSystem=strict",
        f"ReadWritePaths={_words(written(settings))}",
        f"ProtectHome={'read-only' if is_home else 'yes'}",
        f"PrivateTmp={'no' if is_temporary else 'yes'}",
        "PrivateDevices=yes",
        "ProtectClock=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectKernelLogs=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "CapabilityBoundingSet=",
    ]


def _user_sandbox(settings: Settings) -> list[str]:
    return [
        "# Where users may make namespaces (not every kernel lets them), these close the file system too:",
        "#PrivateUsers=yes",
        "#ProtectSystem=strict",
        f"#ReadWritePaths={_words(written(settings))}",
    ]


def _named_places(settings: Settings) -> Iterator[str]:
    """Every text of the configuration that may be a path."""
    yield from _all(settings, str)
    yield from (rest for scheme, rest in references(settings) if scheme == "file")


def _lies_in(place: str, folders: Sequence[str]) -> bool:
    return any(place == folder or place.startswith(f"{folder}/") for folder in folders)


def _all(value: Any, wanted: type[T]) -> Iterator[T]:
    """Every value of a type in a configuration, whichever key holds it; of disabled sources none."""
    if isinstance(value, wanted):
        yield value
    elif isinstance(value, Source) and not value.enabled:
        return
    elif isinstance(value, Mapping):
        yield from (found for each in value.values() for found in _all(each, wanted))
    elif isinstance(value, tuple | list):
        yield from (found for each in value for found in _all(each, wanted))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from (
            found for field in dataclasses.fields(value) for found in _all(getattr(value, field.name), wanted)
        )


def _name_of(rest: str, settings: Settings) -> str:
    if MASK in rest or not re.fullmatch(r"[A-Za-z0-9_.-]{1,200}", rest):
        raise _refused(
            settings.path,
            f"credential:{rest} is no name for a systemd unit",
            "use letters, digits, - _ and ., and nothing that looks like a secret itself",
        )
    return rest


def _words(values: Sequence[str | Path]) -> str:
    """Words of a setting that takes a list or a command line (systemd.syntax(7), systemd.service(5))."""
    return " ".join(text if _PLAIN.fullmatch(text) else f'"{text}"' for text in map(_raw, values))


def _raw(value: str | Path) -> str:
    """The value of a setting that takes all of the line: only % means something there."""
    text = str(value)
    if _UNWRITABLE.search(text) or text != text.strip():
        raise _refused(
            Path(text), "has a quote, a backslash or a control character, which not every setting of systemd can say",
            "rename it",
        )  # fmt: skip
    return text.replace("%", "%%")


def _refused(path: Path, what: str, hint: str) -> ConfigError:
    return ConfigError([Problem("", what, hint)], path)
