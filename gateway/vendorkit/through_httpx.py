"""ThroughHttpx: calls carried by any of httpx's transports, such as one that plugs a simulator in without a socket."""

from functools import lru_cache

import httpx

from gateway.vendorkit.calls import SignedCall, VendorAnswer


class ThroughHttpx:
    """A transport as it is, or a client around one, as a Carrier."""

    def __init__(self, client: httpx.AsyncBaseTransport | httpx.AsyncClient) -> None:
        self._handle = client.send if isinstance(client, httpx.AsyncClient) else client.handle_async_request

    async def carry(self, base_url: str, call: SignedCall) -> VendorAnswer:
        """As Carrier says. Raises httpx.DecodingError for a body that is not what its encoding says."""
        url = _parsed(base_url + call.target)
        headers = call.all_headers(url.netloc.decode("ascii"))
        request = httpx.Request(
            call.method,
            url,
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            stream=httpx.ByteStream(call.body or b""),
            # httpx puts a URL in order before it sends it; this is sent as it was signed.
            extensions={"target": call.target.encode("ascii")},
        )
        response = await self._handle(request)
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        return VendorAnswer(status=response.status_code, headers=response.headers, body=body)


# Reading a URL costs as much as all else here, and a backend is asked for the same few again and again.
_parsed = lru_cache(maxsize=1024)(httpx.URL)
