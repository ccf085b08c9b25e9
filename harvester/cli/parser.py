"""The command line, declared: commands, options and their help. Imports nothing heavy, so that --help is instant."""

from __future__ import annotations

import argparse
import math
from datetime import date

EXIT_CODES = """exit codes:
  0 all well           1 a defect of ours        2 usage or configuration
  3 some sources failed, the rest is stored      4 database busy, everything fetched is safe in the spool
  5 all sources failed                         130 interrupted"""

STATUS_CODES = """with -v every stream: what its service keeps, from when on unread days are gone for good

exit codes, for monitoring:
  0 all well
  3 something fails, hangs, is overdue, is lost or about to be (within 3 days),
    the disk is almost full, or a changed configuration was refused
  4 nothing gets into the database: another process holds it, or the spool is stuck
  1 a defect of ours, 2 usage or configuration"""

_NUMBERS = {
    "audience": "how many people you could reach on a day, as from then on",
    "impressions": "how often what you shared was shown on a day",
    "clicks": "how many clicks brought people to what you shared on a day",
}

# Nothing that counts is older; every day since then gets its row of coverage.
_OLDEST = date(1990, 1, 1)


def build() -> argparse.ArgumentParser:
    """The parser of `harvest`; each command sets `command` to its name."""
    common = _common()
    parser = argparse.ArgumentParser(
        prog="harvest",
        description="Harvest the signals of sharing in tech into DuckDB and turn them into one honest number.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", parents=[common], epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip

    command("init", "write a commented config.toml; never overwrites")
    check = command("check", "validate the configuration, then ask every source whether it can be read")
    check.add_argument("sources", nargs="*", metavar="SOURCE", help="only these (default: all enabled)")
    _now(command("now", "one harvest of the named sources, then the score"))
    _daemon(command("daemon", "the scheduler, in the foreground: reads each source when its schedule says so"))
    _status(command("status", "how each source stands, which days are at risk, and what is to be done"))
    _score(command("score", "the influence table"))
    _explain(command("explain", "a factor taken apart: numbers, series, subjects, gaps, doubt, and what happened"))
    _what_if(command("what-if", "the score under changed totals, weights, rates or sources, beside today's"))
    _log(
        commands.add_parser(
            "log",
            help="enter a talk or a number by hand, or take the last entry back",
            epilog=EXIT_CODES,
            description="Enter a talk or a number by hand, or take the last entry back.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    _import(command("import", "take a CSV file into a source of the kind csv; FILE `undo` takes the last one back"))
    query = command("sql", "read-only SQL on the database; without QUERY it is read from standard input")
    query.add_argument("query", nargs="?", metavar="QUERY", help="a SELECT, for example 'FROM totals LIMIT 5'")
    query.add_argument(
        "--format", choices=("table", "csv", "json", "parquet"), default="table", help="default: table"
    )
    export = command("export", "every public view as a file, for tools that read no DuckDB")
    export.add_argument("folder", nargs="?", default="export", metavar="FOLDER", help="default: ./export")
    export.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="default: parquet")
    connectors = command("connectors", "what can be harvested: connectors, streams, metrics, permissions")
    connectors.add_argument("--json", action="store_true", help="as JSON")
    demo = command("demo", "the whole way on a bundled offline example, into a database of its own")
    demo.add_argument("--folder", default="harvest-demo", help="where its database lies (default: ./harvest-demo)")
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config", metavar="PATH",
        help="configuration (default: $HARVEST_CONFIG, ./config.toml, the user's config directory)",
    )  # fmt: skip
    common.add_argument("-v", "--verbose", action="store_true", help="say more; tracebacks of defects")
    common.add_argument("--quiet", action="store_true", help="only results and errors")
    common.add_argument("--no-color", action="store_true", help="no colours (also NO_COLOR)")
    return common


def _now(now: argparse.ArgumentParser) -> None:
    now.add_argument("sources", nargs="*", metavar="SOURCE", help="only these (default: all enabled)")
    now.add_argument("--full", action="store_true", help="ignore cursors and read everything again")
    now.add_argument("--since", type=_start, metavar="DATE", help="backfill from this day on (implies --full)")
    now.add_argument(
        "--lock-timeout", type=_seconds, default=30.0, metavar="SECONDS",
        help="how long to wait for a database that another process holds (default: 30)",
    )  # fmt: skip
    now.add_argument(
        "--plan", action="store_true", help="say what it would cost in requests and rate points; harvest nothing"
    )
    now.add_argument("--json", action="store_true", help="the outcome, or the plan, as JSON")


def _daemon(daemon: argparse.ArgumentParser) -> None:
    daemon.add_argument(
        "--log", choices=("plain", "json"), default="plain", help="how lines on standard error look (default: plain)"
    )
    install = daemon.add_argument_group("as a service of systemd")
    install.add_argument(
        "--install", action="store_true", help="show a systemd unit, ask, and write it; nothing is started"
    )
    scope = install.add_mutually_exclusive_group()
    for name, whose in (("user", "yours alone (default)"), ("system", "the machine's (default for root)")):
        scope.add_argument(
            f"--{name}", dest="scope", action="store_const", const=name, help=f"the service is {whose}"
        )
    install.add_argument(
        "--credentials", metavar="FOLDER",
        help="where the secrets that are credential:NAME lie (default: /etc/credstore, or with --user"
        " ~/.config/harvester/credentials)",
    )  # fmt: skip
    install.add_argument("--print", action="store_true", help="only print the unit")
    install.add_argument("--yes", action="store_true", help="write it without asking")


def _status(status: argparse.ArgumentParser) -> None:
    status.add_argument("--json", action="store_true", help="everything, as JSON")
    status.epilog = STATUS_CODES


def _score(score: argparse.ArgumentParser) -> None:
    score.add_argument("--period", choices=("day", "week", "month"), help="default: as configured")
    score.add_argument("--model", choices=("essay", "chained"), help="one model only (default: both side by side)")
    score.add_argument("--person", help="only this person (default: everyone)")
    score.add_argument("--last", type=int, default=26, metavar="N", help="the last N periods (default: 26; 0: all)")
    score.add_argument("--json", action="store_true", help="every column, as JSON")
    score.add_argument("--as-of", metavar="TIME", help="as known then: 2026-11-24 (its end) or 2026-11-24T18:00")
    score.add_argument("--diff", metavar="DATE", help="what has changed since in periods that were over, and by what")
    score.add_argument("--params", metavar="HASH", help="a kept curve of other parameters, as it was last drawn")
    score.add_argument(
        "--forecast", type=_count, metavar="H", help="the next H periods, with bands that hold half and nine tenths"
    )
    score.add_argument(
        "--tune", action="store_true", help="which half-life predicts your own history best; changes nothing"
    )
    score.add_argument("--example", choices=("essay",), help="the essay's worked example instead of your data")


def _explain(explain: argparse.ArgumentParser) -> None:
    explain.add_argument("span", metavar="PERIOD", help="a week as 2026-W12, a month as 2026-03, a day as 2026-03-14")
    explain.add_argument(
        "--period", choices=("day", "week", "month"), help="the day, week or month that holds PERIOD's first day"
    )
    explain.add_argument("--model", choices=("essay", "chained"), help="default: as configured")
    explain.add_argument("--person", help="whose (default: the only one, else me)")
    explain.add_argument("--rows", action="store_true", help="every fact behind it as well")
    explain.add_argument("--json", action="store_true", help="everything, as JSON")


def _what_if(what_if: argparse.ArgumentParser) -> None:
    what_if.add_argument(
        "changes", nargs="+", metavar="KEY=CHANGE",
        help="totals: post_reads=+20%%, =-10%%, =*2, =500, also blog/post_reads=…; weights: weight.stars=10;"
        " rates: click_rate=0.2, participation_rate, half_life_days, initial_influence, base_periods;"
        " a source left out: source.blog=off",
    )  # fmt: skip
    what_if.add_argument(
        "--since",
        metavar="PERIOD",
        help="change totals from here on, as 2026-W12 (default: the last finished period)",
    )
    what_if.add_argument("--period", choices=("day", "week", "month"), help="default: as configured")
    what_if.add_argument("--model", choices=("essay", "chained"), help="default: as configured")
    what_if.add_argument("--person", help="whose (default: the only one, else me)")
    what_if.add_argument(
        "--last", type=_count, default=8, metavar="N", help="the last N periods (default: 8; 0: all)"
    )
    what_if.add_argument("--json", action="store_true", help="the whole curve, as JSON")


def _import(importing: argparse.ArgumentParser) -> None:
    importing.add_argument(
        "file", metavar="FILE", help="the file, or the word undo (write ./undo for a file named so)"
    )
    importing.add_argument("--source", metavar="SOURCE", help="which csv source, where there are several")
    importing.add_argument(
        "--date", type=_day, metavar="DATE", help="the day of all rows, where neither a column nor the name tells it"
    )
    importing.add_argument("--dry-run", action="store_true", help="show what would be stored; store nothing")
    importing.add_argument(
        "--lock-timeout", type=_seconds, default=30.0, metavar="SECONDS",
        help="how long to wait for a database that another process holds (default: 30)",
    )  # fmt: skip
    importing.add_argument("--json", action="store_true", help="what would be stored, or the outcome, as JSON")


def _log(log: argparse.ArgumentParser) -> None:
    kinds = log.add_subparsers(dest="what", metavar="WHAT", required=True)
    talk = kinds.add_parser("talk", help="a talk, workshop or meetup you gave", parents=[_common()])
    talk.add_argument("--title", required=True)
    talk.add_argument("--date", required=True, type=_day, metavar="DATE", help="YYYY-MM-DD")
    talk.add_argument("--audience", type=_count, metavar="N", help="people invited or reached by the announcement")
    talk.add_argument("--attendees", type=_count, metavar="N", help="people who came")
    talk.add_argument("--interactions", type=_count, metavar="N", help="questions, conversations, follow-ups")
    talk.add_argument("--event", default="", help="where it was given")
    talk.add_argument("--url", default="", help="slides or recording")
    talk.add_argument("--source", metavar="SOURCE", help="which talks source, where there are several")
    for name, text in _NUMBERS.items():
        number = kinds.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", parents=[_common()])
        number.add_argument("--date", required=True, type=_day, metavar="DATE", help="YYYY-MM-DD")
        number.add_argument("--value", required=True, type=_count, metavar="N", help="how many")
        number.add_argument(
            "--of", default="", metavar="TEXT", help="of what, where there are several: a newsletter …"
        )
        number.add_argument("--source", metavar="SOURCE", help="which talks source, where there are several")
    undo = kinds.add_parser("undo", help="take the last logged entry, or the last import, back", parents=[_common()])
    undo.add_argument("--source", metavar="SOURCE", help="which talks source, or whose import")
    undo.set_defaults(json=False, lock_timeout=30.0)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day; write it as 2026-11-24") from None


def _start(text: str) -> date:
    day = _day(text)
    if not _OLDEST <= day <= date.today():  # noqa: DTZ011 - the user's calendar
        raise argparse.ArgumentTypeError(f"{text} is not a day to go back to; write one from {_OLDEST} to today")
    return day


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; write seconds, 0 or more")
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a count; write a whole number, 0 or more")
    return int(text)
