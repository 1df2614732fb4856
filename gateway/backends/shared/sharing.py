"""One process's part in what several share, and that of each of its backends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from gateway.backends.changes import Changes
from gateway.backends.rate_limit import CallBudget
from gateway.backends.shared.answers import SharedAnswers
from gateway.backends.shared.budget import SharedBudget
from gateway.backends.shared.codec import RowCodec
from gateway.backends.shared.epochs import SharedEpochs, begun, ended
from gateway.backends.shared.feed import ChangeFeed
from gateway.backends.shared.link import RedisLink
from gateway.backends.shared.lists import SharedLists
from gateway.backends.shared.names import account_of, key
from gateway.domain.ids import Kind
from gateway.domain.package import Package
from gateway.domain.ports import VendorAdapter
from gateway.domain.task import Task
from gateway.vendorkit.manifest import VendorManifest
from gateway.vendorkit.settings import BackendSettings, Pace


class SharedBackend:
    """One backend's part."""

    def __init__(
        self,
        link: RedisLink,
        feed: ChangeFeed,
        account: str,
        codec: RowCodec,
        pace: Pace,
        processes: int,
        now: Callable[[], datetime],
    ) -> None:
        self.changes = Changes()
        self._processes = processes
        self._link = link
        self._feed = feed
        self._account = account
        self._epochs = SharedEpochs(account, key(account, "changes"), self.changes)
        self.answers = SharedAnswers(link, self._epochs, codec, pace, now)
        self.lists = SharedLists(link, self._epochs, codec)
        feed.follow(self._epochs, codec)

    def budget(self, purpose: str, calls_per_second: float) -> CallBudget:
        """A part of the account's budget, set aside for something that all processes do."""
        return SharedBudget(self._link, key(self._account, "budget", purpose), calls_per_second, self._processes)

    @property
    def up(self) -> bool:
        """Whether the others are reached."""
        return self._link.up

    async def begun(self, shown_in: Kind) -> None:
        """A change is about to be asked of the vendor: count it for all processes."""
        await self._feed.announce(self._epochs, begun(shown_in))

    async def ended(self, shown_in: Kind) -> None:
        """The vendor has answered, or never will: count it for all processes."""
        await self._feed.announce(self._epochs, ended(shown_in))


class Sharing:
    """One process's part. `processes` is how many an unreachable Redis leaves to divide the budgets by."""

    def __init__(self, url: str, processes: int, now: Callable[[], datetime]) -> None:
        self._link = RedisLink(url)
        self._feed = ChangeFeed(self._link)
        self._processes = processes
        self._now = now

    def budget(self, settings: BackendSettings, endpoint: str) -> CallBudget:
        """The budget of a backend's account, whose vendor is asked at `endpoint`."""
        name = key(account_of(settings, endpoint), "budget")
        return SharedBudget(self._link, name, settings.calls_per_second, self._processes)

    def backend(
        self, settings: BackendSettings, endpoint: str, manifest: VendorManifest, adapter: VendorAdapter
    ) -> SharedBackend:
        """A backend's part in everything else."""
        details = {Task: manifest.task_details, Package: manifest.package_details}
        codec = RowCodec(adapter.backend, details, adapter.revived)
        account = account_of(settings, endpoint)
        return SharedBackend(self._link, self._feed, account, codec, settings, self._processes, self._now)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Share while the block runs. Begun when Redis has answered, or has not."""
        try:
            await self._feed.begin()
            yield
        finally:
            await self._feed.aclose()
            await self._link.aclose()
