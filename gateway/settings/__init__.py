"""The configuration file: one YAML document, typed, read by `load` or `parse`; all its faults are told at once."""

from gateway.auth.settings import AuthSettings
from gateway.settings.cautions import cautions
from gateway.settings.json_schema import config_schema
from gateway.settings.limits import DocumentSettings, LimitSettings
from gateway.settings.model import (
    CacheSettings,
    LedgerSettings,
    ServerSettings,
    Settings,
    TlsSettings,
)
from gateway.settings.observability import ObservabilitySettings
from gateway.settings.problems import ConfigurationError, Problem
from gateway.settings.reading import load, parse
from gateway.vendorkit.loopback import is_loopback

__all__ = [
    "AuthSettings",
    "CacheSettings",
    "ConfigurationError",
    "DocumentSettings",
    "LedgerSettings",
    "LimitSettings",
    "ObservabilitySettings",
    "Problem",
    "ServerSettings",
    "Settings",
    "TlsSettings",
    "cautions",
    "config_schema",
    "is_loopback",
    "load",
    "parse",
]
