"""Which of GraphQL's two media types a client is answered in.

`*/*`, and no Accept header at all, mean application/json: clients from before the GraphQL-over-HTTP specification
send nothing better. application/graphql-response+json is for those that name it.
"""

from functools import lru_cache

from gateway.web.responses import GRAPHQL_JSON, JSON


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


def accepts_html(accept: str | None) -> bool:
    """Whether a browser asks for a page."""
    quality, specificity = _weight(accept or "", "text/html")
    return quality > 0 and specificity == _EXACT


_EXACT = 3


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
