"""The call budget of a vendor account: a token bucket that calls wait at."""

from aiolimiter import AsyncLimiter


class CallBudget:
    """`calls_per_second` may be a fraction; up to one second's worth may go at once."""

    def __init__(self, calls_per_second: float) -> None:
        if calls_per_second >= 1:
            self._bucket = AsyncLimiter(calls_per_second, 1)
        else:
            self._bucket = AsyncLimiter(1, 1 / calls_per_second)

    async def take(self) -> None:
        """Wait until one more call fits."""
        await self._bucket.acquire()
