"""When a source is due, and the clock that rings then. The only package that imports apscheduler."""

from harvester.schedule.crontab import Crontab, Schedule, parse

__all__ = ["Crontab", "Schedule", "parse"]
