"""The canonical address of a post."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.links import canonical


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("https://blog.example", "https://blog.example/"),
        (" https://BLOG.example./A/ \n", "https://blog.example/A/"),
        ("http://blog.example:80/a", "http://blog.example/a"),
        ("https://blog.example:8443/a", "https://blog.example:8443/a"),
        ("https://me:secret@blog.example/a", "https://blog.example/a"),
        ("https://blog.example/a#b", "https://blog.example/a"),
        ("https://blog.example/?p=7&utm_source=x&utm_medium=rss", "https://blog.example/?p=7"),
        ("https://blog.example/a?UTM_Source=x", "https://blog.example/a"),
        ("https://blog.example/a?b=2&a=1", "https://blog.example/a?b=2&a=1"),
        ("https://blog.example/é?q=ü", "https://blog.example/%C3%A9?q=%C3%BC"),
        ("https://blog.example/%C3%A9%20", "https://blog.example/%C3%A9%20"),
        ("https://[2001:DB8::1]:443/a", "https://[2001:db8::1]/a"),
        ("//other.example/a", "https://other.example/a"),
        ("../b", "https://base.example/b"),
        ("", ""),
        ("  ", ""),
        ("mailto:me@blog.example", ""),
        ("javascript:alert(1)", ""),
        ("https://[::1", ""),
        ("https://blog.example:99999/", ""),
        ("https://blog.example/" + "a" * 3000, ""),
    ],
)
def test_an_address_is_brought_to_its_one_form(link, address):
    assert canonical(link, "https://base.example/x/y") == address


@given(st.text() | st.from_regex(r"https?://[a-z.]+(:[0-9]{1,6})?/\S*", fullmatch=True))
def test_the_form_is_stable(link):
    once = canonical(link)
    assert canonical(once) == once
