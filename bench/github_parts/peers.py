"""The tools that people use today, each at its best settings, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.github_parts.envs import PACKAGES, environment
from bench.github_parts.fake import TOKEN, Fake
from bench.github_parts.holding import Holding
from bench.github_parts.watch import Command, Cost, watch
from bench.github_parts.world import OWNER, Rows

SCRIPTS = Path(__file__).parents[1] / "github_peers"

Json = Mapping[str, Any]


class PyGithubScript:
    """A script over PyGithub, as somebody would write it who knows its pitfalls."""

    name = "PyGithub script"
    kinds = ("repository", "star", "issue", "comment", "pull", "review", "inline")
    note = (
        f"{PACKAGES['pygithub'][0]}, called by our bench/github_peers/pygithub_script.py: lists all stars anew each"
        " time, as there is no `since`"
    )

    def __init__(self, fake: Fake, folder: Path, envs: Path) -> None:
        self.fake, self.folder, self.holding = fake, folder, Holding()
        self.python = environment("pygithub", envs) / "python"
        folder.mkdir(parents=True)

    def warm(self, ahead: timedelta) -> None:
        """Nothing: the time it takes to answer is part of the latency."""

    def run(self, ahead: timedelta) -> Cost:  # noqa: ARG002 - it has no clock
        """Read once. Raises Failed."""
        rows = self.folder / "rows.ndjson"
        script = str(SCRIPTS / "pygithub_script.py")
        arguments = [str(self.python), script, self.fake.url, OWNER, str(self.folder / "state.json"), str(rows)]
        cost = watch([Command(arguments, self.folder, given=TOKEN)])
        for row in _lines(rows):
            if len(row) == 1:
                self.holding.clear(row[0])
            else:
                self.holding.put(*row)
        return cost

    def held(self) -> Rows:
        """What it has emitted."""
        return self.holding.rows()


class TapGithub:
    """The Singer tap of Meltano, with its state passed on."""

    name = "meltanolabs-tap-github"
    kinds = ("repository", "star", "issue", "comment", "pull", "review", "inline")
    note = (
        f"{PACKAGES['tap-github'][0]}: its check of the token goes to https://api.github.com whatever `api_url_base`"
        " says, so it is started by bench/github_peers/tap_script.py, which sends that request to the loopback, too"
    )

    STREAMS = (
        "repositories", "stargazers", "issues", "issue_comments", "pull_requests", "reviews", "review_comments"
    )  # fmt: skip

    def __init__(self, fake: Fake, folder: Path, envs: Path) -> None:
        self.fake, self.folder, self.holding = fake, folder, Holding()
        self.python = environment("tap-github", envs) / "python"
        folder.mkdir(parents=True)
        config = {"auth_token": TOKEN, "api_url_base": fake.url, "repositories": fake.names}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        discovered = subprocess.run(self._arguments("--discover"), check=True, capture_output=True, cwd=folder)
        catalog = json.loads(discovered.stdout)
        for stream in catalog["streams"]:
            is_wanted = stream["tap_stream_id"] in self.STREAMS
            whole = next(each for each in stream["metadata"] if not each["breadcrumb"])
            whole["metadata"]["selected"] = is_wanted
        (folder / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")

    def warm(self, ahead: timedelta) -> None:
        """Nothing: the time it takes to answer is part of the latency."""

    def run(self, ahead: timedelta) -> Cost:  # noqa: ARG002 - all it knows of time is its state
        """Read once. Raises Failed."""
        state, out = self.folder / "state.json", self.folder / "out.ndjson"
        more = ["--state", str(state)] if state.exists() else []
        arguments = self._arguments("--catalog", str(self.folder / "catalog.json"), *more)
        cost = watch([Command(arguments, self.folder, environment={"LOGLEVEL": "WARNING"}, out=out)])
        for message in _lines(out):
            if message["type"] == "STATE":
                state.write_text(json.dumps(message["value"]), encoding="utf-8")
            elif message["type"] == "RECORD":
                self._take(message["stream"], message["record"])
        return cost

    def held(self) -> Rows:
        """What it has emitted."""
        return self.holding.rows()

    def _arguments(self, *more: str) -> list[str]:
        script, config = str(SCRIPTS / "tap_script.py"), str(self.folder / "config.json")
        return [str(self.python), script, self.fake.url, "--config", config, *more]

    def _take(self, stream: str, record: Json) -> None:
        put, repo = self.holding.put, record.get("repo_id")
        match stream:
            case "repositories":
                put("repository", record["id"], record["full_name"])
            case "stargazers":
                put("star", f"{repo}/{record['user_id']}", 1)
            case "issues" if record["type"] == "issue":
                put("issue", record["id"], [repo, record["closed_at"] is not None])
            case "issue_comments":
                put("comment", record["id"], repo)
            case "pull_requests":
                put("pull", f"{repo}/{record['number']}", record["merged_at"] is not None)
            case "reviews" if record["state"] != "PENDING":
                put("review", record["id"], record["state"])
            case "review_comments":
                put("inline", record["id"], repo)


class Perceval:
    """CHAOSS' collector, one process per repository and category, as it is called from a shell."""

    name = "perceval"
    kinds = ("repository", "issue", "comment", "pull", "review", "inline")
    note = (
        f"{PACKAGES['perceval'][0]} with `--filter-classified --no-archive`: without profile and organizations of"
        " every author, which would take two more requests each; `--from-date` is the last change that it told of,"
        " as GrimoireLab does it"
    )

    CATEGORIES = ("repository", "issue", "pull_request")

    def __init__(self, fake: Fake, folder: Path, envs: Path) -> None:
        self.fake, self.folder, self.holding = fake, folder, Holding()
        self.program = environment("perceval", envs) / "perceval"
        self.since: dict[tuple[str, str], str] = {}
        self.numbers: dict[str, int] = {}
        folder.mkdir(parents=True)

    def warm(self, ahead: timedelta) -> None:
        """Nothing: the time it takes to answer is part of the latency."""

    def run(self, ahead: timedelta) -> Cost:  # noqa: ARG002 - it has no clock
        """Read once. Raises Failed."""
        asked = [(name, category) for name in self.fake.names for category in self.CATEGORIES]
        cost = watch(self._command(name, category) for name, category in asked)
        for name, category in asked:
            for item in _lines(self._out(name, category)):
                self._take(name, category, item["data"])
        return cost

    def held(self) -> Rows:
        """What it has emitted."""
        return self.holding.rows()

    def _command(self, name: str, category: str) -> Command:
        owner, _, repo = name.partition("/")
        told = ["--enterprise-url", self.fake.url, "-t", TOKEN, "--filter-classified", "--no-archive", "--json-line"]
        since = self.since.get((name, category))
        told += ["--from-date", since] if since else []
        told += ["-o", str(self._out(name, category)), owner, repo]
        return Command([str(self.program), "github", "--category", category, *told], self.folder)

    def _out(self, name: str, category: str) -> Path:
        return self.folder / f"{name.partition('/')[2]}-{category}.ndjson"

    def _take(self, name: str, category: str, data: Json) -> None:
        put, clear = self.holding.put, self.holding.clear
        if category == "repository":
            self.numbers[name] = data["id"]
            put("repository", data["id"], data["full_name"])
            return
        self.since[name, category] = max(self.since.get((name, category), ""), data["updated_at"])
        repo, whose = self.numbers[name], f"{category} {data['id']}"
        clear(whose)
        if category == "issue":
            if "pull_request" not in data:
                put("issue", data["id"], [repo, data["closed_at"] is not None])
            for said in data["comments_data"]:
                put("comment", said["id"], repo, whose)
            return
        put("pull", f"{repo}/{data['number']}", data["merged"])
        for review in data["reviews_data"]:
            if review["state"] != "PENDING":
                put("review", review["id"], review["state"], whose)
        for said in data["review_comments_data"]:
            put("inline", said["id"], repo, whose)


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


PEERS: Iterable[type[TapGithub | Perceval | PyGithubScript]] = (TapGithub, Perceval, PyGithubScript)
