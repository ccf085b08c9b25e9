"""The configuration file: found, read, checked in one go, or written for the first time."""

from __future__ import annotations

from harvester.config.errors import ConfigError, Problem
from harvester.config.load import find_config, load
from harvester.config.model import Address, AlertSettings, ScoringSettings, Settings, Source
from harvester.config.template import template, write_config

__all__ = [
    "Address",
    "AlertSettings",
    "ConfigError",
    "Problem",
    "ScoringSettings",
    "Settings",
    "Source",
    "find_config",
    "load",
    "template",
    "write_config",
]
