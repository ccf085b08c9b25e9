"""Whatever is done to the files, what was told adds up to what they say."""

from __future__ import annotations

from collections.abc import Mapping

from csv_desk import CsvDesk
from hypothesis import given, settings
from hypothesis import strategies as st

DAYS = ("2026-11-01", "2026-11-02", "2026-11-03")
sheets = st.dictionaries(st.tuples(st.sampled_from(DAYS), st.sampled_from("ab")), st.integers(0, 3))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(["x.csv", "y.csv"]), sheets),
        st.tuples(st.just("import"), st.just(""), sheets),
        st.tuples(st.just("undo"), st.just(""), st.just({})),
    ),
    max_size=8,
)


def as_csv(sheet: Mapping[tuple[str, str], int]) -> str:
    return "Date,Post,Views\n" + "".join(f"{day},{post},{value}\n" for (day, post), value in sheet.items())


@settings(max_examples=40, deadline=None)
@given(steps=steps)
def test_what_was_told_is_what_the_files_say(tmp_path_factory, steps):
    desk = CsvDesk(tmp_path_factory.mktemp("desk"))
    own: dict[str, dict[tuple[str, str], int]] = {}
    imports: list[dict[tuple[str, str], int]] = []
    stored: dict[tuple[str, str], float] = {}
    for what, name, sheet in steps:
        if what == "write":
            desk.write(as_csv(sheet), name)
            own[name] = sheet
        elif what == "import":
            desk.bring_in(as_csv(sheet))
            imports.append(sheet)
        elif imports:
            desk.undo()
            imports.pop()
        for fact in desk.told():
            place = fact.key, fact.subject
            # An undone import leaves what it said to another file that says the same.
            assert stored.get(place) != fact.value or what == "undo" or fact.attrs.get("retracted")
            if fact.attrs.get("retracted"):
                del stored[place]
            else:
                stored[place] = fact.value

        truth: dict[tuple[str, str], float] = {}
        for each in (*(own[name] for name in sorted(own)), *imports):
            truth |= each
        assert stored == truth
        assert desk.told() == []
