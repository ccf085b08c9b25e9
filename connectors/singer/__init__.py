"""Any Singer tap: somebody else's program, run for what it tells of a service that we have no code for."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from connectors.base import Batch, Connector, Context, Cursor, Secret, Stream, StreamSpec
from connectors.errors import Malformed
from connectors.pages import day_of
from connectors.singer.mapping import Rule, declared, kinds_of, metric_for, mistakes
from connectors.singer.messages import Conversation
from connectors.singer.process import Program
from connectors.singer.settings import Settings, read_settings

__all__ = ["CONNECTOR", "SingerConfig"]

RECORDS = StreamSpec(
    "records",
    tuple(metric_for(name, kind) for name, kind in declared()),
    permission="what the tap asks for",
)

_PASSED_ON = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
"""What of our environment a tap sees: no token of another source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingerConfig:
    """Raises ValueError with a line "key: why" for every mistake in the mapping."""

    command: tuple[str, ...] = field(metadata={"help": 'the tap and its options, as in ["/opt/tap/bin/tap-forge"]'})
    streams: Mapping[str, Mapping[str, str]] = field(
        metadata={"help": "a table for each stream of the tap that counts: [source.NAME.streams.STREAM]"}
    )
    config: str = field(default="", metadata={"help": "the tap's own configuration, a JSON file"})
    secrets: Mapping[str, Secret] = field(
        default_factory=dict, metadata={"help": "keys of the tap's configuration that are secrets: where they lie"}
    )
    catalog: str = field(default="", metadata={"help": "a catalog that selects streams, where the tap needs one"})
    pass_env: tuple[str, ...] = field(
        default=(), metadata={"help": "names of environment variables that the tap may see beside the usual ones"}
    )
    silence: int = field(
        default=600, metadata={"help": "after how many seconds without a word the tap is taken for hung"}
    )

    def __post_init__(self) -> None:
        found = []
        if not self.command or not all(self.command) or any("\0" in word for word in self.command):
            found.append('command: name the tap, as in ["tap-forge"]')
        if not self.streams:
            found.append("streams: is empty; say which metric a stream of the tap is")
        found += mistakes(self.streams)
        if not 1 <= self.silence <= 86400:
            found.append("silence: is a number of seconds, from 1 to 86400")
        if found:
            raise ValueError("\n".join(found))


@dataclass(frozen=True, slots=True)
class Records:
    """All streams of the tap in one read, for it is one program that tells them. The cursor holds its last STATE, a
    digest of the mapping, the day of the last whole read, and the subjects of tables that were told completely."""

    spec: StreamSpec
    config: SingerConfig
    context: Context

    def read(self, cursor: Cursor) -> Iterator[Batch]:
        """Run the tap from its last state and yield what it tells.

        Raises Gone for a program that is not there, Unavailable for one that fails, is killed or hangs, Malformed
        for what is not Singer's; what was told before a STATE is stored, and the next read goes on from that.
        """
        settings = read_settings(self.config.config, self.config.secrets, self.context)
        rules = tuple(Rule.of(name, table) for name, table in self.config.streams.items())
        mapping = self._digest()
        # What a new mapping asks for lies before the state that the old one has left.
        goes_on = cursor.get("mapping") == mapping
        state = cursor.get("state") if goes_on else None
        talk = Conversation(
            source=self.context.source,
            rules=rules,
            today=self.context.today(),
            now=self.context.clock(),
            zone=self.context.timezone,
            begun=json.dumps(state) if state else "",
            mapping=mapping,
            read_on=day_of(cursor["read_on"]) if goes_on and cursor.get("read_on") else None,
            masked=settings.masked,
        )
        with self._arguments(settings, state) as arguments, self._program(arguments, settings) as program:
            for line in program.lines():
                for batch in talk.hear(line):
                    yield batch
                    if self.context.is_stopping():
                        return
            if not program.is_cut_off:
                yield from talk.end(_tables(cursor) if goes_on else {})

    def _program(self, arguments: Sequence[str], settings: Settings) -> Program:
        names = (*_PASSED_ON, *self.config.pass_env)
        return Program(
            name=f"{self.context.source}: {Path(self.config.command[0]).name}",
            arguments=arguments,
            folder=self.context.folder.absolute(),
            environment={name: os.environ[name] for name in names if name in os.environ},
            silence=float(self.config.silence),
            is_stopping=self.context.is_stopping,
            masked=settings.masked,
        )

    @contextmanager
    def _arguments(self, settings: Settings, state: Any) -> Iterator[list[str]]:
        """The tap's command line; the files that it names are for our eyes only, and gone afterwards."""
        first, *more = self.config.command
        arguments = [str(Path(first).expanduser()) if first.startswith("~") else first, *more]
        with tempfile.TemporaryDirectory(prefix="harvest-tap-") as folder:
            if settings.values or self.config.config:
                arguments += ["--config", _written(Path(folder, "config.json"), settings.values)]
            if self.config.catalog:
                catalog = self.context.folder.absolute() / Path(self.config.catalog).expanduser()
                if not catalog.is_file():
                    raise Malformed(f"{self.context.source}: {catalog}: is no file", remedy="name the tap's catalog")
                arguments += ["--catalog", str(catalog)]
            if state:
                arguments += ["--state", _written(Path(folder, "state.json"), state)]
            yield arguments

    def _digest(self) -> str:
        tables = {name: dict(table) for name, table in self.config.streams.items()}
        return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()[:16]


def _tables(cursor: Cursor) -> dict[str, Sequence[str]]:
    """Of which subjects each table held facts when it was last told completely."""
    named = ((part.partition("table ")[2], subjects) for part, subjects in cursor.items())
    return {name: subjects for name, subjects in named if name and subjects}


def _written(path: Path, value: Any) -> str:
    path.touch(mode=0o600)
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def open_streams(config: SingerConfig, context: Context) -> Sequence[Stream]:
    """The one stream, with the metrics that the mapping names; the tap is started when it is read."""
    wanted = kinds_of(config.streams)
    metrics = tuple(metric for metric in RECORDS.metrics if (metric.name, metric.kind) in wanted)
    return (Records(replace(RECORDS, metrics=metrics), config, context),)


CONNECTOR = Connector(
    "singer", SingerConfig, open_streams, (RECORDS,), "whatever a Singer tap tells, an installed program of some 600"
)
