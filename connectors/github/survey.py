"""Which repositories a source means now: names and owner/* resolved to numeric ids, once for all its streams."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from connectors.base import Subject
from connectors.errors import ConnectorError, Gone, Malformed
from connectors.github.access import Access
from connectors.github.client import PER_PAGE, Client, Json
from connectors.github.facts import count_of, instant
from connectors.github.failures import Errand, SwitchedOff
from connectors.github.spread import Ended, Tally, spread

R = TypeVar("R")

ALL = "/*"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as GitHub described it at `read_at`. Its numeric id never changes, its name does."""

    id: int
    name: str
    created_at: datetime
    read_at: datetime
    stargazers: int
    watchers: int | None
    forks: int
    url: str = ""
    description: str = ""

    @property
    def key(self) -> str:
        """What names it in a cursor."""
        return str(self.id)

    @property
    def path(self) -> str:
        """Where its lists are: under the name of today, as PyGithub drops the query of what is redirected."""
        return f"/repos/{self.name}"

    @property
    def subject(self) -> Subject:
        """What its facts are about."""
        return Subject(f"repo:{self.id}", self.name, "repo", self.description, self.url, published_at=self.created_at)


@dataclass(frozen=True, slots=True)
class Found:
    """The repositories that answered, each once, in the order of the configuration, and why others did not."""

    repositories: tuple[Repository, ...]
    problems: tuple[ConnectorError, ...]


@dataclass(slots=True)
class Survey:
    """Asks at the first call and remembers for the run. A repository that fails keeps no other one out."""

    access: Access
    width: int
    _found: Found | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> Found:
        """Resolve every name. Raises what concerns the whole source: a refused token, a limit, an outage."""
        with self._lock:
            if self._found is None:
                self._found = self._look()
            return self._found

    def _look(self) -> Found:
        self.access.check()
        wanted, tally = self.access.config.repos, Tally()
        owners = tuple(entry for entry in wanted if entry.endswith(ALL))
        owned = self._each(owners, _names_of, Tally(problems=tally.problems))
        names: dict[str, str] = {}
        for entry in wanted:
            for name in owned.get(entry, ()) if entry.endswith(ALL) else (entry,):
                names.setdefault(name.lower(), name)
        answers = self._each(tuple(names.values()), self._resolve, tally)
        tally.finish()
        found: dict[int, Repository] = {}
        for name in names.values():
            for repository in answers.get(name, ()):
                found.setdefault(repository.id, repository)
        return Found(tuple(found.values()), tuple(tally.problems))

    def _each(
        self, tasks: Sequence[str], ask: Callable[[Client, str], Iterator[R]], tally: Tally
    ) -> dict[str, list[R]]:
        answers: dict[str, list[R]] = {}

        def work(task: str) -> Generator[R, None, None]:
            with self.access.client() as client:
                try:
                    yield from ask(client, task)
                except SwitchedOff as error:  # 410: no part of a repository is off, it is gone as a whole
                    raise Gone(f"{task} is gone", remedy="take it out of repos", subject=task) from error

        for outcome in spread(tasks, work, self.width, self.access.context.is_stopping):
            if isinstance(outcome.result, Ended):
                tally.end(outcome.result)
            else:
                answers.setdefault(outcome.task, []).append(outcome.result)
        return answers

    def _resolve(self, client: Client, name: str) -> Iterator[Repository]:
        data = client.get(Errand("repository", name), f"/repos/{name}")
        yield describe(data, self.access.context.clock())


def describe(data: Json, read_at: datetime) -> Repository:
    """A repository from the object that GET /repos/{owner}/{repo} answers with. Raises Malformed."""
    try:
        return Repository(
            id=count_of(data["id"]),
            name=str(data["full_name"]),
            created_at=instant(data["created_at"]),
            read_at=read_at,
            stargazers=count_of(data["stargazers_count"]),
            # watchers_count is GitHub's old name for the stargazers.
            watchers=count_of(data["subscribers_count"]) if "subscribers_count" in data else None,
            forks=count_of(data["forks_count"]),
            url=str(data.get("html_url") or ""),
            description=str(data.get("description") or ""),
        )
    except (KeyError, ValueError) as error:
        name = data.get("full_name")
        subject = name if isinstance(name, str) else None
        raise Malformed(
            f"repository {subject or '(without a name)'}: unusable description ({error})", subject=subject
        ) from error


def _names_of(client: Client, entry: str) -> Iterator[str]:
    owner = entry.removesuffix(ALL)
    errand = Errand("repositories", entry)
    # Answers for users and organisations alike.
    page = client.page(errand, f"/users/{owner}/repos", type="owner", sort="full_name", per_page=PER_PAGE)
    while True:
        yield from (item["full_name"] for item in page.items if _is_own(item))
        if page.next is None:
            return
        page = client.page(errand, page.next)


def _is_own(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("full_name"), str) and not item.get("fork")
