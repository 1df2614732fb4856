"""The feed of changes: tells other processes of ours, hears of theirs, and keeps the link up."""

import asyncio
import secrets
from contextlib import suppress

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from gateway.backends.changes import Outcome
from gateway.backends.shared.codec import RowCodec, Undecodable, Unshareable
from gateway.backends.shared.epochs import SharedEpochs, left
from gateway.backends.shared.link import Away, RedisLink
from gateway.backends.shared.names import PREFIX
from gateway.domain.ids import Kind

# Through the channel a change is known at once; by looking, within this and a round trip.
_LOOKED_EVERY = 0.5
_HEARD_WITHIN = 0.1
_TRIED_AGAIN_AFTER = (0.05, 1.0)
_TELL = """
local number = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('PUBLISH', ARGV[2], ARGV[3] .. number .. '\\n' .. ARGV[4])
return number
"""


class ChangeFeed:
    """One per process, over all its backends."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        # Channels are the same for all databases of a server; keys are not.
        self._channel = f"{PREFIX}:changes:{link.database}"
        self._own = secrets.token_hex(8)
        self._epochs: dict[str, tuple[SharedEpochs, RowCodec]] = {}
        self._tried = asyncio.Event()
        self._outbox: asyncio.Queue[tuple[SharedEpochs, Kind, bytes | None]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def follow(self, epochs: SharedEpochs, codec: RowCodec) -> None:
        """Tell and hear of this backend's changes."""
        self._epochs[epochs.account] = (epochs, codec)
        epochs.changes.pass_on = lambda kind, outcome: self._put_out(epochs, codec, kind, outcome)

    async def begin(self) -> None:
        """Begin to follow; returns when Redis has answered, or has not."""
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._tell())]
        await self._tried.wait()

    async def announce(self, epochs: SharedEpochs, field: str) -> None:
        """Count a beginning or an end of a change, for all to see. What cannot be counted now is counted later."""
        epochs.owed[field] += 1
        with suppress(Away):
            await self._look(epochs, tell=True)

    async def aclose(self) -> None:
        """Stop following, once all that was to be told is."""
        if self._link.up:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._outbox.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ------------------------------------------------------------------ telling

    def _put_out(self, epochs: SharedEpochs, codec: RowCodec, kind: Kind, outcome: Outcome) -> None:
        try:
            told = codec.outcome(outcome)
        except Unshareable:
            told = None
        self._outbox.put_nowait((epochs, kind, told))

    async def _tell(self) -> None:
        while True:
            epochs, kind, told = await self._outbox.get()
            head = f"{epochs.account}\n{kind}\n{self._own}\n"
            try:
                if told is None:
                    raise Away
                await self._link.run(
                    lambda redis, epochs=epochs, kind=kind, head=head, told=told: redis.eval(  # type: ignore[misc]
                        _TELL, 1, epochs.key, left(kind), self._channel, head, told
                    )
                )
            except Away:
                # Counted and not told, others know that they missed it.
                await self.announce(epochs, left(kind))
            finally:
                self._outbox.task_done()

    # ------------------------------------------------------------------ hearing

    async def _follow(self) -> None:
        pause, longest = _TRIED_AGAIN_AFTER
        while True:
            try:
                async with self._link.client.pubsub(ignore_subscribe_messages=True) as heard:
                    await heard.subscribe(self._channel)
                    await self._meet()
                    self._link.came()
                    self._tried.set()
                    pause = _TRIED_AGAIN_AFTER[0]
                    while self._link.up:
                        await self._hear(heard)
            except Away:
                pass
            except (RedisError, OSError) as problem:
                self._link.went(problem)
            self._tried.set()
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    async def _meet(self) -> None:
        found = await self._link.try_to(lambda redis: redis.info("server"))
        for epochs, _ in self._epochs.values():
            epochs.met(str(found.get("run_id", ""))[:12])
        for epochs, _ in self._epochs.values():
            await self._look(epochs, trying=True)

    async def _hear(self, heard: PubSub) -> None:
        accounts = await self._messages(heard, _LOOKED_EVERY)
        looked_at = [self._epochs[one][0] for one in accounts or self._epochs if one in self._epochs]
        for epochs in looked_at:
            await self._look(epochs)
        if any(epochs.missing() for epochs in looked_at):
            await self._messages(heard, _HEARD_WITHIN)
            for epochs in looked_at:
                epochs.give_up()

    async def _messages(self, heard: PubSub, within: float) -> set[str]:
        """Take what has come in, waiting for the first; the accounts it is about."""
        accounts: set[str] = set()
        message = await heard.get_message(timeout=within)
        while message is not None:
            accounts.add(self._take(message["data"]))
            message = await heard.get_message(timeout=0)
        return accounts

    def _take(self, data: bytes) -> str:
        text, _, rest = data.partition(b"\n")
        account = text.decode(errors="replace")
        known = self._epochs.get(account)
        if known is not None and rest:
            epochs, codec = known
            # Nobody's, or of another version: that it was missed shows in the counts.
            with suppress(Undecodable, ValueError):
                kind, own, number, outcome = rest.split(b"\n", 3)
                mine = own == self._own.encode()
                epochs.told(Kind(kind.decode()), int(number), None if mine else codec.read_outcome(outcome))
        return account

    async def _look(self, epochs: SharedEpochs, *, tell: bool = False, trying: bool = False) -> None:
        run = self._link.try_to if trying else self._link.run
        async with epochs.asking, self._link.client.pipeline(transaction=True) as pipeline:
            paid = epochs.ask(pipeline, secrets.token_hex(4))
            if tell:
                pipeline.publish(self._channel, epochs.account)
            found = await run(lambda _: pipeline.execute())
            epochs.learn(found[len(paid) + 1], paid)
