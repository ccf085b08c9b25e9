"""The score against histories that really were: do forecasts hold, is it alarmed for nothing, how does it react.

    python bench/backtest.py [FOLDER]            prints the tables
    python bench/backtest.py [FOLDER] --write    puts them and the pictures into docs/

FOLDER holds the recorded time series; default: beside this checkout. Seeded: the same numbers every time. Exits
with 1 when a number that docs/scoring.md promises is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from backtest_parts import calibration, pictures, stories
from backtest_parts.series import histories

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT.parent / "shared" / "data" / "timeseries"
_PURGES = """A fall is no negative star: where the service tells which stars are gone, they are taken back from the
days on which they were given, and nothing counts against the day of the purge."""
BEGIN, END = "<!-- begin of bench/backtest.py -->\n", "<!-- end of bench/backtest.py -->\n"


def main(arguments: Sequence[str]) -> int:
    """Print or write the report; 1 when a promise is broken."""
    folders = [Path(each) for each in arguments if not each.startswith("--")]
    folder = folders[0] if folders else FOLDER
    text, promises = report(folder)
    if "--write" in arguments:
        page = ROOT / "docs" / "scoring.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        page.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}", encoding="utf-8")
        for name, picture in drawn(folder):
            (ROOT / "docs" / "pictures" / name).write_text(picture, encoding="utf-8")
    else:
        print(text)
    broken = [promise for promise, is_kept in promises if not is_kept]
    for promise in broken:
        print(f"missed: {promise}", file=sys.stderr)
    return 1 if broken else 0


def report(folder: Path) -> tuple[str, list[tuple[str, bool]]]:
    """The tables as Markdown, and what is promised with whether it is kept."""
    lines, promises = [], []
    for table, kept in (forecasts(folder), alarms(folder), reactions(folder)):
        lines += table
        promises += kept
    return "\n".join(lines) + "\n", promises


def forecasts(folder: Path) -> tuple[list[str], list[tuple[str, bool]]]:
    """Coverage and log scores, one and four weeks ahead."""
    lines = _head(
        "history", "weeks ahead", "forecasts", "90 % by PIT", "50 % by PIT", "counts inside the 90 % band",
        "log score", "… of persistence", "… of a 4-week mean",
    )  # fmt: skip
    promises = []
    for number, (name, counts) in enumerate(histories(folder).items()):
        for ahead in (1, 4):
            ours = calibration.by_model(counts, ahead)
            scores = [each.log_score() for each in (ours, *(calibration.by_mean(counts, ahead, w) for w in (1, 4)))]
            wide, narrow, plain = ours.inside(0.05, 0.95), ours.inside(0.25, 0.75), ours.plainly_inside()
            cells = [f"{share * 100:.1f} %" for share in (wide, narrow, plain)]
            lines.append(
                f"| {name} | {ahead} | {len(ours.came):,} | {' | '.join(cells)} |"
                f" {' | '.join(f'{score:.3f}' for score in scores)} |"
            )
            if number == 0:
                promises += [
                    (f"{name}, {ahead} ahead: 90 % band holds 87–92 %, {wide:.3f}", 0.87 <= wide <= 0.92),
                    (f"{name}, {ahead} ahead: 50 % band holds 46–54 %, {narrow:.3f}", 0.46 <= narrow <= 0.54),
                    (f"{name}, {ahead} ahead: 88–95 % plainly inside, {plain:.3f}", 0.88 <= plain <= 0.95),
                    (f"{name}, {ahead} ahead: better than both baselines", scores[0] > max(scores[1:])),
                ]
    return [*lines, ""], promises


def alarms(folder: Path) -> tuple[list[str], list[tuple[str, bool]]]:
    """Steady years, and how often the interval of a factor leaves out 1."""
    lines = _head(
        f"{stories.YEARS:,} simulated years of Poisson counts", "median influence after a year",
        "5 % to 95 % of them", "weekly factors whose interval leaves out 1",
    )  # fmt: skip
    promises = []
    for rate, within in ((20.0, "within 80–126"), (5.0, "within 60–165")):
        year = stories.steady_years(rate)
        lines.append(
            f"| {rate:g} events a week | {year['median']:.1f} | {year['low']:.0f} to {year['high']:.0f}"
            f" | {year['alarms'] * 100:.1f} % |"
        )
        promises.append((f"{rate:g} a week: 90 % {within}, {year[within]:.3f}", year[within] >= 0.9))
        if rate == 20:
            promises.append((f"{rate:g} a week: median 99–101, {year['median']:.1f}", 99 <= year["median"] <= 101))
    lines += ["", *_head("real history", "weekly factors whose interval leaves out 1")]
    lines += [f"| {name} | {share * 100:.1f} % |" for name, share in stories.real_alarms(folder).items()]
    return [*lines, ""], promises


def reactions(folder: Path) -> tuple[list[str], list[tuple[str, bool]]]:
    """Spikes, purges, a transfer, a rename."""
    lines = _head(
        "spike", "stars that week, usual before", "E, lower end of its interval", "influence before, then",
        "4, 8 weeks on",
    )  # fmt: skip
    for each in stories.spikes(folder):
        later = ", ".join("–" if value is None else f"{value:.0f}" for value in each["later"])
        lines.append(
            f"| {each['repository']}, {each['week']} | {each['stars']:.0f}, {each['usual']:.1f} | {each['e']:.2f},"
            f" {each['low']:.2f} | {each['before']:.0f}, {each['at']:.0f} | {later} |"
        )
    purged = stories.purges(folder)
    days, lost = (f"{purged[name] * 100:.1f} %" for name in ("days", "stars lost of those won"))
    fell = f"On {days} of the days of these repositories, stars fell, by {purged['largest']:.0f} at most"
    lines += [
        "",
        f"**Purges.** {fell} ({purged['repository']}); of all stars won, {lost} were lost again.",
        _PURGES,
        "",
    ]
    lines += _head("transfer: one of two repositories is given away", "E of that week", "influence at the end")
    moved = stories.transfer(folder)
    for name in ("kept", "given away", "read as silence"):
        lines.append(f"| {name} | {moved[f'e {name}']:.3f} | {moved[f'influence {name}']:.0f} |")
    lines += ["", *_head("rename", "E around it: one subject with two names", "two series", "read by names alone")]
    for each in stories.renames(folder):
        factors = f"{each['e one']:.3f} | {each['e two']:.3f} | {each['e names']:.1f}"
        new, stars = str(each["new"]).split("/")[1], f"{each['stars']:.0f}"
        lines.append(f"| {each['old']} became {new} between {each['between']}, with {stars} stars | {factors} |")
    return [*lines, ""], []


def _head(*columns: str) -> list[str]:
    return [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]


def drawn(folder: Path) -> Iterator[tuple[str, str]]:
    """The pictures of docs/scoring.md, by file name."""
    for number, (name, counts) in enumerate(histories(folder).items()):
        if number == 0:
            for ahead, words in ((1, "one week"), (4, "four weeks")):
                pit = calibration.by_model(counts, ahead).pit()
                shares = (np.histogram(pit, bins=20, range=(0, 1))[0] / len(pit)).tolist()
                yield f"pit-{ahead}.svg", pictures.histogram(f"{name}, {words} ahead: PIT, even if right", shares)
    first = stories.spikes(folder)[1]
    title = f"{first['repository']}: stars by week (bars), influence (line)"
    yield "spike.svg", pictures.curve(title, first["counts"], first["curve"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
