"""Refused: an answer that is not a success, with the vendor's code where one was read in a source.

The vendor's codes for a missing object, a wrong state and a package in use could not be read anywhere. `STAND_IN` holds
this simulator's own for them, all starting IOTDA.99, so that nobody takes them for the vendor's: classify by status.
"""

INVALID_INPUT = "IOTDA.000006"
BAD_FORMAT = "IOTDA.000008"
BAD_TIME = "IOTDA.000009"
LIMIT_RANGE = "IOTDA.000017"
MARKER_RANGE = "IOTDA.000018"
AUTHENTICATION_FAILED = "IOTDA.000002"
BAD_SIGNATURE = "APIGW.0301"
NOT_AUTHORIZED = "APIGW.0302"
NO_SUCH_API = "APIGW.0101"
THROTTLED = "APIGW.0308"
TARGET_FAILED = "IOTDA.014219"

STAND_IN = {
    "task_not_found": "IOTDA.990404",
    "package_not_found": "IOTDA.990405",
    "task_state": "IOTDA.990409",
    "package_in_use": "IOTDA.990410",
    "upgrade_failed": "IOTDA.990500",
}


class Refused(Exception):
    """Carried up to the API, which turns it into `{"error_code", "error_msg"}`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(message: str) -> Refused:
    """400, IOTDA.000006."""
    return Refused(400, INVALID_INPUT, f"Invalid input data. {message}")


def unauthenticated(reason: str) -> Refused:
    """401, APIGW.0301, worded as the API gateway words it."""
    return Refused(401, BAD_SIGNATURE, f"Incorrect IAM authentication information: {reason}")
