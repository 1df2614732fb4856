"""Why nobody is let in: nothing shown, nothing valid shown, or nothing that can be judged at the moment."""


class Unauthenticated(Exception):
    """Who calls is not known. `reason` is for the log alone: callers are not told what was nearly right.

    `shown` is whether the request held any credentials.
    """

    def __init__(self, reason: str, *, shown: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.shown = shown


class KeysUnavailable(Exception):
    """Tokens cannot be judged: the identity provider's keys could not be fetched yet."""
