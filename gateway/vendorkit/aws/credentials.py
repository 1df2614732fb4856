"""Where AWS keys come from: static ones, a profile, the usual chain, and a role assumed with any of them.

All but static ones botocore finds and refreshes. Its look-ups block (files, metadata services, STS, single sign-on), so
they run in a thread, once for all callers that wait.
"""

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.vendorkit.aws.settings import AwsBackendSettings

if TYPE_CHECKING:
    from gateway.vendorkit.aws.key_chain import KeyChain


class StaticKeys(NamedTuple):
    """Keys as the configuration holds them, shaped as botocore freezes its own."""

    access_key: str
    secret_key: str
    token: str | None

    def __repr__(self) -> str:
        """Without what is secret of them."""
        return f"StaticKeys({self.access_key!r})"


class AwsKeys:
    """The keys of one backend. `session` is where botocore reads its configuration; None is a fresh one."""

    def __init__(self, settings: AwsBackendSettings, session: Any = None) -> None:
        self._settings = settings
        self._session = session
        self._static = _static(settings)
        self._chain: KeyChain | None = None
        self._refreshing: asyncio.Task[Any] | None = None

    async def frozen(self) -> Any:
        """One consistent (access_key, secret_key, token), fresh for the request about to be signed.

        Raises BackendUnavailable, saying what to configure, when there is none or a role cannot be assumed.
        """
        if self._static is not None:
            return self._static
        if self._chain is not None and self._chain.fresh:
            return self._chain.frozen()
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(asyncio.to_thread(self._look_up))
            # A caller that ran out of time leaves the look-up running for the next; its failure must not go unread.
            self._refreshing.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._refreshing)

    def _look_up(self) -> Any:
        if self._chain is None:
            from gateway.vendorkit.aws.key_chain import KeyChain  # noqa: PLC0415 - botocore is slow to import

            self._chain = KeyChain(self._settings, self._session)
        return self._chain.look_up()


def _static(settings: AwsBackendSettings) -> StaticKeys | None:
    given = settings.credentials
    if given is None or settings.role_arn is not None:
        return None
    token = given.session_token
    return StaticKeys(
        given.access_key_id, given.secret_access_key.get_secret_value(), token.get_secret_value() if token else None
    )
