"""What a client is answered in: one of GraphQL's two media types, or a stream where the operation asks for one.

`*/*`, and no Accept header at all, mean application/json: clients from before the GraphQL-over-HTTP specification
send nothing better. application/graphql-response+json and streams are for those that name them.
"""

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from gateway.web.responses import GRAPHQL_JSON, JSON

EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"


class StreamForm(Enum):
    """A form in which many results go over HTTP. Those of 2022 tell deferred parts by path and label, not by id."""

    EVENTS = auto()
    EVENTS_OF_2022 = auto()
    SUBSCRIPTION_PARTS = auto()
    PARTS = auto()
    PARTS_OF_2022 = auto()


@dataclass(frozen=True, slots=True)
class AcceptedStreams:
    """The forms a client likes best: for a subscription, and for an answer in parts. None where it takes no stream."""

    of_subscription: StreamForm | None
    in_parts: StreamForm | None


@lru_cache(maxsize=128)
def accepted_media_type(accept: str | None) -> str | None:
    """The media type to answer in, or None when the client takes neither."""
    if accept is None or not accept.strip():
        return JSON
    plain, named = _weight(accept, JSON), _weight(accept, GRAPHQL_JSON)
    # A wildcard speaks for application/json first; between two named equals the specification prefers its own.
    if named[0] > 0 and (named[0] > plain[0] or (named[0] == plain[0] and named[1] == _EXACT)):
        return GRAPHQL_JSON
    return JSON if plain[0] > 0 else None


@lru_cache(maxsize=128)
def accepted_streams(accept: str | None) -> AcceptedStreams | None:
    """The streams that a client names, the first of the best for each purpose; None when it names none."""
    if accept is None or ("event-stream" not in accept.lower() and "multipart" not in accept.lower()):
        return None
    best: dict[str, tuple[float, StreamForm]] = {}
    for entry in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in entry.split(";"))
        quality = _quality(parameters)
        for purpose, form in _forms(media_range, frozenset(parameters)).items():
            if quality > best.get(purpose, (0.0, form))[0]:
                best[purpose] = (quality, form)
    if not best:
        return None
    return AcceptedStreams(*(best[purpose][1] if purpose in best else None for purpose in (_MANY, _DEFERRED)))


def accepts_html(accept: str | None) -> bool:
    """Whether a browser asks for a page."""
    quality, specificity = _weight(accept or "", "text/html")
    return quality > 0 and specificity == _EXACT


_EXACT = 3
_MANY, _DEFERRED = "subscription", "parts"
_OF_2022 = "deferspec=20220824"


def _forms(media_range: str, given: frozenset[str]) -> dict[str, StreamForm]:
    """What a media range is good for. Of specifications that it names, one has to be known."""
    named = {part.replace('"', "") for part in given if part.partition("=")[0].strip().endswith("spec")}
    if media_range == EVENT_STREAM:
        return {
            _MANY: StreamForm.EVENTS,
            _DEFERRED: StreamForm.EVENTS_OF_2022 if _OF_2022 in named else StreamForm.EVENTS,
        }
    if media_range != MULTIPART:
        return {}
    if any(part.startswith("subscriptionspec=1") for part in named):
        return {_MANY: StreamForm.SUBSCRIPTION_PARTS}
    if _OF_2022 in named:
        return {_DEFERRED: StreamForm.PARTS_OF_2022}
    if not named or any(part.startswith("incrementalspec=v0") for part in named):
        return {_DEFERRED: StreamForm.PARTS}
    return {}


def _weight(accept: str, offered: str) -> tuple[float, int]:
    """The quality the most specific matching range gives to a media type, and how specific that range is."""
    family = offered.split("/", 1)[0]
    specificity = {offered: _EXACT, f"{family}/*": 2, "*/*": 1}
    best = (0.0, 0)
    for entry in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in entry.split(";"))
        how = specificity.get(media_range, 0)
        if how > best[1]:
            best = (_quality(parameters), how)
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
