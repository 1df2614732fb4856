"""Tuya's RPC signature: HMAC-SHA1 over the method and the sorted, percent-encoded query.

The steps are those of Tuya's page "Compute Signature", which repeats Alibaba Cloud's RPC signature word for word.
The query that was signed is the query that is sent.
"""

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import quote

METHOD = "GET"


def encoded(text: str) -> str:
    """Percent-encode: UTF-8, only letters, digits and `-_.~` stay, a space is %20."""
    return quote(text, safe="~")


def signed_query(params: Mapping[str, str], secret: str) -> str:
    """The query with its Signature, ready for the wire."""
    query = "&".join(f"{encoded(name)}={encoded(params[name])}" for name in sorted(params))
    digest = hmac.digest(f"{secret}&".encode(), f"{METHOD}&%2F&{encoded(query)}".encode(), "sha1")
    return f"{query}&Signature={encoded(base64.b64encode(digest).decode())}"
