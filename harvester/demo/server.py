"""Loopback servers for a demo world: `serve(world)`, or `python -m harvester.demo.server` to try them by hand."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from harvester.demo.analytics import Plausible
from harvester.demo.blog import Blog
from harvester.demo.github import GitHub
from harvester.demo.goatcounter import GoatCounter
from harvester.demo.life import build
from harvester.demo.wire import Service
from harvester.demo.world import World


@dataclass(frozen=True, slots=True)
class Servers:
    """Every service of a world, each at its own address."""

    github: Service[GitHub]
    blog: Service[Blog]
    plausible: Service[Plausible]
    goatcounter: Service[GoatCounter]

    def named(self) -> dict[str, Service[GitHub] | Service[Blog] | Service[Plausible] | Service[GoatCounter]]:
        """The services by name."""
        return {name: getattr(self, name) for name in ("github", "blog", "plausible", "goatcounter")}


@contextmanager
def serve(
    world: World,
    *,
    github: GitHub | None = None,
    blog: Blog | None = None,
    plausible: Plausible | None = None,
    goatcounter: GoatCounter | None = None,
    latency: float = 0.0,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Servers]:
    """Serve a world on loopback until the block ends; `clock` is what limits count by."""
    servers = Servers(
        Service(github or GitHub(world, clock=clock), latency=latency),
        Service(blog or Blog(world), latency=latency),
        Service(plausible or Plausible(world, clock=clock), latency=latency),
        Service(goatcounter or GoatCounter(world, clock=clock), latency=latency),
    )
    with ExitStack() as stack:
        for service in servers.named().values():
            stack.enter_context(service.listen())
        yield servers


def main() -> None:
    """Serve until interrupted, and say where."""
    options = argparse.ArgumentParser(prog="python -m harvester.demo.server", description=main.__doc__)
    today = datetime.now(UTC).date()
    options.add_argument("--today", type=date.fromisoformat, default=today, help="the day the world ends on")
    options.add_argument("--latency", type=float, default=0.0, help="seconds every answer takes")
    chosen = options.parse_args()
    with suppress(KeyboardInterrupt), serve(build(chosen.today, visitors=True), latency=chosen.latency) as servers:
        for name, service in servers.named().items():
            sys.stdout.write(f"{name:12} {service.url}\n")
        sys.stdout.write('tokens and keys: "demo"; stop with Ctrl-C\n')
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
