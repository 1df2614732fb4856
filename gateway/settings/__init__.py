"""The configuration file: one YAML document, typed, read by `load` or `parse`; all its faults are told at once."""

from gateway.auth.settings import AuthSettings
from gateway.settings.json_schema import config_schema
from gateway.settings.limits import LimitSettings
from gateway.settings.model import (
    CacheSettings,
    LedgerSettings,
    ServerSettings,
    Settings,
    is_loopback,
)
from gateway.settings.problems import ConfigurationError, Problem
from gateway.settings.reading import load, parse

__all__ = [
    "AuthSettings",
    "CacheSettings",
    "ConfigurationError",
    "LedgerSettings",
    "LimitSettings",
    "Problem",
    "ServerSettings",
    "Settings",
    "config_schema",
    "is_loopback",
    "load",
    "parse",
]
