"""The HTTP and websocket face: GraphQL at /graphql, its explorer for browsers, and health."""

from gateway.web.application import Web, create_web
from gateway.web.leaving import Leaving

__all__ = ["Leaving", "Web", "create_web"]
