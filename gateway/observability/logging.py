"""The log: JSON lines on standard error, or coloured text where that is a terminal. Secrets are starred.

Whatever Python's own logging receives (uvicorn, SQLAlchemy) goes the same way. Loggers that would write a request's
address, in which some vendors carry signatures, or errors that the web face logs itself, are quiet.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from gateway.observability.errand import present
from gateway.observability.tracing import trace_id_of

STARS = "***"
_SECRET_KEY = re.compile(
    r"authori[sz]ation|secret|passw|token|cookie|credential|signature|api[-_]?key|access[-_]?key(?![-_]?id)", re.I
)
_QUIET = ("httpx", "httpcore", "strawberry.execution", "uvicorn.access")
_DEEPEST = 8


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Set up both structlog and logging. `stream` is standard error unless given."""
    out = sys.stderr if stream is None else stream
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        tell_errand,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        star_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(out)],
        )
    )
    # uvicorn brings handlers of its own to these.
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.NOTSET)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def tell_errand(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the request for which something is done, and the trace that it is in."""
    errand = present()
    if errand is not None:
        if errand.request_id:
            event.setdefault("request_id", errand.request_id)
        if errand.span is not None:
            event.setdefault("trace_id", trace_id_of(errand.span))
    return event


def star_secrets(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: values under keys that sound secret become stars, at any depth."""
    return {key: _starred(key, value, _DEEPEST) for key, value in event.items()}


def _rendering(out: TextIO) -> list[structlog.typing.Processor]:
    if out.isatty():
        # The richer formatter prints local variables, and with them secrets.
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


def _starred(key: object, value: object, depth: int) -> object:
    if isinstance(key, str) and _SECRET_KEY.search(key):
        return STARS
    if depth == 0:
        return value
    if isinstance(value, Mapping):
        return {inner: _starred(inner, held, depth - 1) for inner, held in value.items()}
    if isinstance(value, list):
        return [_starred(None, held, depth - 1) for held in value]
    return value
