"""The HTTP and websocket face: GraphQL at /graphql, its explorer for browsers, and health."""

from gateway.web.application import create_web

__all__ = ["create_web"]
