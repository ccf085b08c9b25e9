"""A person on every service there is a connector for, through a virtual quarter.

GitHub, the blog and its two counters of readers are the demo world, which lives on day by day. The other fakes have
no days of their own: their facts lie in the quarter, and `Quarter.reach` lets each of them tell those that have
happened by then.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import fake_umami
import fake_youtube
import test_elsewhere_harvest as elsewhere
import test_reads_whole_way as reads
from fake_downloads import FakeNpm, FakePypiStats, each
from fake_forem import FakeForem, article
from fake_gitlab import FakeGitlab, note, person, thread
from fake_google import PEM, FakeAnalytics, FakeGoogle, FakeSearch
from fake_hackernews import FakeHackerNews, story
from fake_matomo import FakeMatomo
from fake_stackexchange import FakeStackExchange
from fake_wordpress import FakeWordpress
from fake_youtube import FakeYoutube, Video
from singer_tap import ISSUES, Tap, issue, schema, state

from harvester.demo.analytics import Plausible
from harvester.demo.github import GitHub
from harvester.demo.github_access import Token
from harvester.demo.goatcounter import GoatCounter
from harvester.demo.life import build
from harvester.demo.plans import RepoPlan
from harvester.demo.server import serve
from harvester.demo.things import utc
from harvester.demo.wire import Service
from harvester.demo.world import World
from tests.e2e.running import KEY, Field

STEP = timedelta(days=30)
"""Between two harvests."""
STEPS = 3
DAYS = STEPS * STEP.days
REMEMBERED = 14
"""Days of traffic that GitHub tells, today included: of a month without harvests the rest is lost."""
DAY = timedelta(days=1)
PLANS = (
    RepoPlan(
        "wren-hollow", "lantern", stars=0.8, issues=0.3, pulls=0.2, discussions=0.3, release_days=20, downloads=2,
        visits=8, first_name="glowstick", renamed_on=40,
    ),
    RepoPlan("wren-hollow", "pocketlog", stars=0.4, issues=0.2, pulls=0.1, visits=3, born=33),
    RepoPlan(
        "tidewater", "driftwood", stars=0.1, issues=0.2, pulls=0.2, discussions=0.2, maintained=False, own=0.4
    ),
)  # fmt: skip
MORE = """
[source.pages]
connector = "goatcounter"
site = "{site}"
api_url = "{goatcounter}"
api_key = "file:key"
allow_private = true

[source.newsletter]
connector = "csv"
folder = "exports"
[source.newsletter.columns]
day = "Date"
subject = "Post"
[source.newsletter.metrics]
post_reads = "Views"

[source.forge]
connector = "singer"
command = ["sh", "tap.sh"]
[source.forge.streams.issues]
"""


@dataclass(frozen=True)
class Counted:
    """Something with a counter: born on a day of the quarter, or before it, and growing by so much a day."""

    number: int
    born: int
    rate: int

    def at(self, day: int) -> int:
        return self.rate * max(0, day - self.born)

    def grown(self, first: int, day: int) -> int:
        """What the counter is known to have grown: from the first reading, or from its birth where that is later."""
        return self.at(day) - self.at(first)


# One is older than the first harvest, the others appear before the second and before the third.
COUNTED = (Counted(1, -20, 3), Counted(2, 35, 2), Counted(3, 70, 5))
TALKS = {10: (200, 80, 23), 50: (60, 45, 12), 80: (24, 22, 61)}
LIST_SIZES = {5: 1500, 60: 1800}
STARRED = (3, 17, 45, 88)
ISSUES_ON = (5, 20, 35, 50, 65, 80)
MERGES_ON = (8, 40, 70)
ANSWERED = (-400, 2, 30, 61, 90)
FORGE_ISSUES = (1, 14, 15, 44, 77, 90)


@dataclass
class Quarter:
    """`start`: its first day; `day`: how many days of it have passed."""

    folder: Path
    start: date
    world: World
    fakes: dict[str, object] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    @property
    def day(self) -> int:
        return (self.world.now.date() - self.start).days

    def clock(self) -> datetime:
        """The quarter's instant, running on as a clock does, or paces would wait for ever."""
        return self.world.now + timedelta(seconds=time.monotonic() - self.began)

    def give_keys(self, keys: Mapping[str, str], *, pem: str = PEM) -> None:
        """Write these, and for the others those that the services know; `pem`: the key of the Google accounts."""
        farm = reads.Farm(self.folder, self.urls)
        accounts = {"ga4": farm.account("ga4", pem), "search": farm.account("searchconsole", pem)}
        farm.give_keys(**{**accounts, **keys})

    def on(self, day: int) -> date:
        return self.start + day * DAY

    def at(self, day: int) -> datetime:
        return utc(self.on(day), 36_000)

    def iso(self, day: int) -> str:
        return f"{self.on(day)}T10:00:00.000Z"

    def past(self) -> range:
        """The days that are over."""
        return range(self.day)

    def hits(self, shift: int) -> list[tuple[str, str, str]]:
        """(day, path, visitor): a few a day, some twice, some days without any."""
        return [
            (str(self.on(day)), "/a" if visitor % 2 else "/b", f"visitor-{visitor}")
            for day in self.past()
            for visitor in range((day + shift) % 4)
            for _ in range(1 + (day + visitor) % 2)
        ]

    def reach(self) -> None:
        """Every service tells what has happened by now."""
        self.began = time.monotonic()
        self._readers()
        self._elsewhere()
        self._lab()
        self._by_hand()

    def _readers(self) -> None:
        fakes = self.fakes
        fakes["umami"].hits = self.hits(0)
        fakes["matomo"].hits = [(day, f"https://example.org{path}", who) for day, path, who in self.hits(1)]
        fakes["wordpress"].views = dict(Counter((day, 7 if path == "/a" else 8) for day, path, _ in self.hits(2)))
        people = Counter((day, path) for day, path, _ in set(self.hits(3)))
        fakes["ga4"].views = {
            where: (count, people[where]) for where, count in Counter(hit[:2] for hit in self.hits(3)).items()
        }
        fakes["searchconsole"].shown = {
            (str(self.on(day)), "https://example.org/a"): (10 + day % 7, day % 3) for day in self.past()
        }
        for fake in fakes.values():
            if isinstance(fake, FakeGoogle):
                fake.now = self.world.now
        fakes["devto"].articles = [
            article(
                one.number,
                published_at=self.iso(one.born),
                page_views_count=100 + one.at(self.day),
                public_reactions_count=2 * one.at(self.day),
                comments_count=4 * one.at(self.day),
            )
            for one in self.there()
        ]

    def there(self) -> list[Counted]:
        return [one for one in COUNTED if one.born < self.day]

    def _elsewhere(self) -> None:
        fakes, day = self.fakes, self.day
        fakes["youtube"].videos = [
            Video(f"video-{one.number}", self.iso(one.born), 50 + one.at(day), one.at(day)) for one in self.there()
        ]
        fakes["youtube"].subscribers = str(1000 + day)
        fakes["hackernews"].stories = [
            story(
                one.number,
                created_at_i=int(self.at(one.born).timestamp()),
                points=1 + one.at(day),
                num_comments=3 * one.at(day),
            )
            for one in self.there()
        ]
        forum = fakes["stackexchange"]
        forum.quota = 300
        forum.answers = {n: self._second(on) for n, on in enumerate(ANSWERED, 1) if on < day}
        forum.posts = {one.number: self._second(one.born) for one in self.there()}
        forum.scores = {one.number: one.at(day) for one in self.there()}
        forum.comments = {n: (1, self._second(on), 7) for n, on in enumerate(ANSWERED, 1) if on < day}
        fakes["pypi"].counted = each(self.start - 30 * DAY, self.on(day - 1))
        fakes["npm"].counted_until = self.on(day - 1)

    def _second(self, day: int) -> int:
        return int(self.at(day).timestamp())

    def _lab(self) -> None:
        lab, day = self.fakes["gitlab"], self.day
        lab.starrers = [(n, self.iso(on)) for n, on in enumerate(STARRED, 1) if on < day]
        lab.fetches = {str(self.on(n)): n % 4 for n in range(max(0, day - 30), day) if n % 4}
        lab.issues, lab.merge_requests, lab.notes, lab.approvals = [], [], {}, {}
        for number, on in enumerate(ISSUES_ON, 1):
            if on >= day:
                continue
            said = [note(10 * number + n, self.iso(on + n)) for n in (1, 2) if on + n < day]
            closed = {"state": "closed", "closed_at": self.iso(on + 15)} if on + 15 < day else {}
            one = thread(number, self.iso(on), notes=len(said), **closed)
            changed = on + 15 if closed else on + len(said)
            lab.issues.append(one | {"updated_at": self.iso(changed)})
            lab.notes["issues", number] = [*said, note(10 * number, self.iso(on), system=True)]
        for number, on in enumerate(MERGES_ON, 11):
            if on >= day:
                continue
            said = [note(10 * number + 1, self.iso(on + 1), kind="DiffNote")] if on + 1 < day else []
            merged = {"state": "merged", "merged_at": self.iso(on + 15)} if on + 15 < day else {}
            approved = [{"user": person(8), "approved_at": self.iso(on + 2)}] if on + 2 < day else []
            one = thread(number, self.iso(on), notes=len(said), **merged)
            changed = on + 15 if merged else on + 2 * len(approved)
            lab.merge_requests.append(one | {"updated_at": self.iso(changed)})
            lab.notes["merge_requests", number] = said
            lab.approvals[number] = approved

    def _by_hand(self) -> None:
        past = self.past()
        talks = [
            f'[[talk]]\ntitle = "Talk {day}"\ndate = {self.on(day)}\naudience = {audience}\n'
            f"attendees = {attendees}\ninteractions = {said}\n"
            for day, (audience, attendees, said) in TALKS.items()
            if day in past
        ]
        talks += [
            f"[[audience]]\ndate = {self.on(n)}\nvalue = {size}\n" for n, size in LIST_SIZES.items() if n in past
        ]
        talks += [f"[[impressions]]\ndate = {self.on(day)}\nvalue = {day}\n" for day in past if day % 10 == 1]
        talks += [f"[[clicks]]\ndate = {self.on(day)}\nvalue = {day}\n" for day in past if day % 10 == 2]
        (self.folder / "talks.toml").write_text("\n".join(talks))
        (self.folder / "exports").mkdir(exist_ok=True)
        rows = [f"{self.on(day)},Letter,{day % 5}" for day in past[-STEP.days :]]
        export = self.folder / "exports" / f"export-{self.day:03}.csv"
        export.write_text("\n".join(["Date,Post,Views", *rows, ""]))
        told = [issue(n, f"{self.on(on)}T10:00:00Z") for n, on in enumerate(FORGE_ISSUES, 1) if on in past]
        Tap(self.folder).says(schema(), *told, state({"told": len(told)}))


@contextmanager
def quarter_of(start: date, folder: Path, *, days: int = DAYS) -> Iterator[tuple[Quarter, Field]]:
    """Serve everything from the end of the first step on, and configure a source of every connector.

    `days`: how far it can be let go on.
    """
    world = build(start + STEP, plans=PLANS, start=start, visitors=True)
    quarter = Quarter(folder, start, world)
    quarter.fakes = {
        "umami": fake_umami.FakeUmami([], is_cloud=False),
        "matomo": FakeMatomo([], created_on=str(start)),
        "devto": FakeForem([]),
        "wordpress": FakeWordpress({}),
        "ga4": FakeAnalytics(),
        "searchconsole": FakeSearch(),
        "youtube": FakeYoutube(created=quarter.iso(-60)),
        "stackexchange": FakeStackExchange(),
        "hackernews": FakeHackerNews(),
        "gitlab": FakeGitlab(),
        "pypi": FakePypiStats({"engine": {quarter.on(day): day % 6 for day in range(days)}}, []),
        "npm": FakeNpm({"@me/engine": {quarter.on(day): day % 8 for day in range(days)}}, start),
    }
    github = GitHub(world, tokens={KEY: Token(world.person.login)}, clock=quarter.clock)
    counters = {
        "plausible": Plausible(world, keys=frozenset({KEY}), clock=quarter.clock),
        "goatcounter": GoatCounter(world, keys=frozenset({KEY}), clock=quarter.clock),
    }
    with ExitStack() as stack:
        servers = stack.enter_context(serve(world, github=github, **counters))
        for name, fake in quarter.fakes.items():
            service = Service(reads.AsApp(fake))
            stack.enter_context(service.listen())
            quarter.urls[name] = service.url
            if isinstance(fake, FakeGoogle):
                fake.token_uri = f"{service.url}/token"
        made = Field(folder, world, servers)
        quarter.give_keys(elsewhere.KEYS)
        where = {name: service.url for name, service in servers.named().items()} | quarter.urls
        made.configure(more=sections_of(where, world.site))
        quarter.reach()
        yield quarter, made


def sections_of(urls: Mapping[str, str], site: str) -> str:
    """The configuration of every source but those that the small world has by itself."""
    readers = [
        f'[source.{name}]\nconnector = "{name}"\nallow_private = true\n'
        + keys.format(**urls, website=fake_umami.WEBSITE)
        for name, keys in reads.SOURCES.items()
    ]
    others = elsewhere.CONFIG.partition("[source.")
    text = (others[1] + others[2]).format(channel=fake_youtube.CHANNEL, **urls)
    stream = "\n".join(f'{name} = "{path}"' for name, path in ISSUES.items())
    return "\n\n".join([*readers, text, MORE.format(**urls, site=site) + stream])
