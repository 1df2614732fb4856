"""Who calls, and what they may do. Services ask `Rights`; the web face makes a `Principal` of a request."""

from gateway.auth.principal import ANYBODY, Principal
from gateway.auth.rights import EVERYTHING, NOTHING, READ, Grant, Rights

__all__ = ["ANYBODY", "EVERYTHING", "NOTHING", "READ", "Grant", "Principal", "Rights"]
