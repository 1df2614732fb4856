"""Watching: streams of changes, found by one poller for each watched thing however many listen."""

from gateway.services.watching.pace import WatchPace
from gateway.services.watching.watching import Watching

__all__ = ["WatchPace", "Watching"]
