"""Answers given on a site of Stack Exchange, and what others said to one's posts there."""

from connectors.base import Connector
from connectors.stackexchange.config import StackexchangeConfig
from connectors.stackexchange.streams import ANSWERS, POSTS, open_streams

__all__ = ["CONNECTOR", "StackexchangeConfig"]

CONNECTOR = Connector(
    "stackexchange",
    StackexchangeConfig,
    open_streams,
    (ANSWERS, POSTS),
    "answers given on Stack Overflow and its sister sites, comments and votes received",
)
