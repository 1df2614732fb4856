"""Refused: an answer that is not a success, in the vendor's two layers.

Which HTTP status and which codes Tuya really sends is not documented. `turned_away` is the layer before the service
(signature, parameters, throttling): 400 with the codes of Alibaba's gateway. `failed` is the service: 200, success
false. Codes that start `iot.ota.Simulator` are this simulator's own; only iot.ota.FirmwareNotFound was read in a
source.
"""

FIRMWARE_NOT_FOUND = "iot.ota.FirmwareNotFound"
JOB_NOT_FOUND = "iot.ota.SimulatorJobNotFound"
TASK_NOT_FOUND = "iot.ota.SimulatorTaskNotFound"
NOT_CANCELABLE = "iot.ota.SimulatorNotCancelable"
NOT_CONFIRMABLE = "iot.ota.SimulatorNotConfirmable"
FIRMWARE_IN_USE = "iot.ota.SimulatorFirmwareInUse"
FIRMWARE_NOT_VERIFIED = "iot.ota.SimulatorFirmwareNotVerified"
BAD_PAGE = "iot.common.InvalidPageParams"
BAD_PARAMETER = "iot.common.InvalidFormattedParameter"
TOO_MANY = "iot.check.ParameterIsNotLessThanMax"
SYSTEM_EXCEPTION = "iot.system.SystemException"


class Refused(Exception):
    """Carried up to the API, which turns it into the envelope."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def turned_away(code: str, message: str) -> Refused:
    """400: the request did not reach the service."""
    return Refused(400, code, message)


def failed(code: str, message: str) -> Refused:
    """200 with success false: the service did not do it."""
    return Refused(200, code, message)
