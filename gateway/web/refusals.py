"""RequestRefused: a request that is not taken, with what to answer."""

from collections.abc import Mapping

from gateway.domain.answer_codes import AnswerCode


class RequestRefused(Exception):
    """The request is no GraphQL request. `status` is the HTTP status to answer with, `told` what goes with the code."""

    def __init__(
        self,
        status: int,
        message: str,
        code: AnswerCode = AnswerCode.BAD_REQUEST,
        told: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.told = told or {}
