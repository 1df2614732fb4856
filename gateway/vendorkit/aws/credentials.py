"""Where AWS keys come from: static ones, a profile, the usual chain, and a role assumed with any of them.

botocore finds and refreshes them. Its look-ups block (files, metadata services, STS, single sign-on), so they run in
a thread, once for all callers that wait.
"""

import asyncio
from typing import Any

import botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, Credentials, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from gateway.domain.errors import BackendUnavailable
from gateway.vendorkit.aws.settings import AwsBackendSettings
from gateway.vendorkit.settings import AwsCredentials

_ROLE_SESSION_NAME = "ota-gateway"


class AwsKeys:
    """The keys of one backend. `session` is where botocore reads its configuration; None is a fresh one."""

    def __init__(self, settings: AwsBackendSettings, session: Any = None) -> None:
        self._settings = settings
        self._session = session
        self._found: Any = None
        self._refreshing: asyncio.Task[Any] | None = None

    async def frozen(self) -> Any:
        """One consistent (access_key, secret_key, token), fresh for the request about to be signed.

        Raises BackendUnavailable, saying what to configure, when there is none or a role cannot be assumed.
        """
        if self._found is not None and not _needs_refresh(self._found):
            return self._found.get_frozen_credentials()
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(asyncio.to_thread(self._look_up))
            # A caller that ran out of time leaves the look-up running for the next; its failure must not go unread.
            self._refreshing.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(self._refreshing)

    def _look_up(self) -> Any:
        try:
            if self._found is None:
                self._found = self._find()
            return self._found.get_frozen_credentials()
        except ClientError as problem:
            code = problem.response.get("Error", {}).get("Code", "no code")
            raise self._missing(f"the token service refused with {code}") from problem
        except (BotoCoreError, OSError, RuntimeError, ValueError) as problem:
            raise self._missing(f"the look-up failed with {type(problem).__name__}") from problem

    def _find(self) -> Any:
        settings = self._settings
        given = settings.credentials and _static(settings.credentials)
        if given is not None and settings.role_arn is None:
            # A session of botocore takes milliseconds to make, and a gateway may have many backends.
            return given
        session = self._session or botocore.session.Session(profile=settings.profile)
        keys = given or session.get_credentials()
        if keys is None:
            raise self._missing("none were found")
        return keys if settings.role_arn is None else self._assume(session, keys)

    def _assume(self, session: Any, keys: Any) -> Any:
        extra = {"RoleSessionName": _ROLE_SESSION_NAME}
        if self._settings.external_id is not None:
            extra["ExternalId"] = self._settings.external_id

        def client(service: str, **keywords: Any) -> Any:
            return session.create_client(service, region_name=self._settings.region, **keywords)

        fetcher = AssumeRoleCredentialFetcher(client, keys, self._settings.role_arn, extra_args=extra)
        return DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)

    def _missing(self, why: str) -> BackendUnavailable:
        settings = self._settings
        if settings.role_arn is not None:
            cure = f"Check that role_arn ({settings.role_arn}) trusts these keys, and external_id if it asks for one"
        elif settings.profile is not None:
            cure = f"Check the profile {settings.profile} in ~/.aws"
        else:
            cure = "Set credentials, profile or role_arn, or provide the usual AWS chain (environment, ~/.aws, a role)"
        return BackendUnavailable(
            f"Backend {settings.name} has no usable AWS credentials: {why}. {cure}.", backend=settings.name
        )


def _static(given: AwsCredentials) -> Credentials:
    token = given.session_token
    return Credentials(
        given.access_key_id, given.secret_access_key.get_secret_value(), token.get_secret_value() if token else None
    )


def _needs_refresh(keys: Any) -> bool:
    needed = getattr(keys, "refresh_needed", None)
    return bool(needed()) if needed is not None else False
