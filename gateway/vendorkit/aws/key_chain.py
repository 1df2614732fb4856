"""Keys by botocore: a profile, the usual chain, and a role assumed with any keys. Imported where it is needed only:
botocore takes a tenth of a second to import.
"""

from typing import Any

import botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, Credentials, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from gateway.domain.errors import BackendUnavailable
from gateway.vendorkit.aws.settings import AwsBackendSettings

_ROLE_SESSION_NAME = "ota-gateway"


class KeyChain:
    """The keys of one backend, looked up and refreshed. Every method but `fresh` and `frozen` may block."""

    def __init__(self, settings: AwsBackendSettings, session: Any) -> None:
        self._settings = settings
        self._session = session
        self._found: Any = None

    @property
    def fresh(self) -> bool:
        """Whether the keys are there and good for a while."""
        needed = getattr(self._found, "refresh_needed", None)
        return self._found is not None and not (needed is not None and needed())

    def frozen(self) -> Any:
        """The keys that are there, as one consistent (access_key, secret_key, token)."""
        return self._found.get_frozen_credentials()

    def look_up(self) -> Any:
        """Find or refresh them. Raises BackendUnavailable, saying what to configure."""
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
        session = self._session or botocore.session.Session(profile=settings.profile)
        if settings.credentials is not None:
            token = settings.credentials.session_token
            keys = Credentials(
                settings.credentials.access_key_id,
                settings.credentials.secret_access_key.get_secret_value(),
                token.get_secret_value() if token else None,
            )
        else:
            keys = session.get_credentials()
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
