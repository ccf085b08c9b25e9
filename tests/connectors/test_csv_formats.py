"""The ready mappings, against the columns that the services' exports have."""

from __future__ import annotations

import pytest
from csv_desk import CsvDesk

from connectors.csv.mapping import READY, mistakes

EXPORTS = {
    # As several public importers of this export have it in their tests.
    "x": (
        (
            "Date,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Unfollows,Replies,Reposts,"
            'Profile visits,Create Post,Video views,Media views\n"Mon, Nov 9, 2026",2199,12,26,0,0,0,0,2,0,0,2,0,0\n'
        ),
        {
            ("impressions", "2026-11-09"): 2199,
            ("post_reactions", "2026-11-09"): 12,
            ("post_comments", "2026-11-09"): 2,
        },
    ),
    "linkedin": (
        (
            '"The metrics of your page, by day"\nDate,Impressions (organic),Impressions (total),'
            "Clicks (total),Reactions (total),Comments (total),Reposts (total),Engagement rate (total)\n"
            "11/09/2026,5,5,2,1,0,0,0.6\n"
        ),
        {
            ("impressions", "2026-11-09"): 5,
            ("clicks", "2026-11-09"): 2,
            ("post_reactions", "2026-11-09"): 1,
            ("post_comments", "2026-11-09"): 0,
        },
    ),
    "substack": (
        (
            "post_id,post_date,is_published,email_sent_at,inbox_sent_at,type,audience,title,subtitle,podcast_url\n"
            "100.one,2026-11-09T10:00:00.000Z,true,,,newsletter,everyone,One,,\n101.two,,false,,,newsletter,everyone,,,\n"
        ),
        {("posts_published", "100.one"): 1},
    ),
    "zoom": (
        (
            "Meeting ID,Topic,Start Time,End Time,User Email,Duration (Minutes),Participants,\n"
            "812 3456 7890,Office hour,11/09/2026 05:55:00 PM,11/09/2026 07:00:00 PM,host@example.org,65,14,\n\n"
            "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Recording Consent\n"
            "Ada,ada@example.org,11/09/2026 05:55:00 PM,11/09/2026 06:55:00 PM,60,Y\n"
        ),
        {("attendees", "2026-11-09T17:55:00+00:00"): 14},
    ),
    "medium": (
        "Date,Story,Reads,Claps,Responses\n2026-11-09,https://medium.com/@ada/one,1500,70,3\n",
        {
            ("post_reads", "2026-11-09"): 1500,
            ("post_reactions", "2026-11-09"): 70,
            ("post_comments", "2026-11-09"): 3,
        },
    ),
}


@pytest.mark.parametrize("name", READY)
def test_an_export_is_read_as_it_comes(tmp_path, name):
    text, facts = EXPORTS[name]
    desk = CsvDesk(tmp_path, format=name)
    desk.write(text)

    told = desk.told()
    assert {(each.metric, each.key): each.value for each in told} == facts
    assert "ada@example.org" not in repr(told)


@pytest.mark.parametrize("name", READY)
def test_a_ready_mapping_has_no_mistakes(name):
    assert list(mistakes(READY[name])) == []


def test_what_is_said_beside_a_format_goes_before_it(tmp_path):
    desk = CsvDesk(tmp_path, format="x", day_format="%Y/%m/%d", metrics={"clicks": "URL Clicks"})
    desk.write("Date,Impressions,URL Clicks\n2026/11/09,5,2\n")
    assert desk.facts() == {("clicks", "medium", "2026-11-09"): 2}
