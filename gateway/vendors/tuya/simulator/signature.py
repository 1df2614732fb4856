"""The check of HMAC-SHA1 request signatures, timestamps and nonces.

Source: Tuya's "Compute Signature" up to the string to sign; the HMAC step, and the 15 minutes for timestamps and
nonces, are Alibaba's, whose scheme the page repeats word for word. Every parameter that came is covered, known or not.
"""

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from gateway.vendors.tuya.simulator.refusals import turned_away

WINDOW = timedelta(minutes=15)
COMMON = ("Action", "AccessKeyId", "SignatureMethod", "SignatureNonce", "Timestamp", "Signature")


def signature(method: str, parameters: Mapping[str, str], secret_key: str) -> str:
    """The signature of these parameters, Signature itself excluded; base64 text."""
    named = sorted(item for item in parameters.items() if item[0] != "Signature")
    canonical = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in named)
    text = f"{method}&%2F&{_encoded(canonical)}"
    mac = hmac.new(f"{secret_key}&".encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


class SignatureCheck:
    """Holds the one key pair that is known, and the nonces seen within the window."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._nonces: OrderedDict[str, datetime] = OrderedDict()

    def check(self, method: str, parameters: Mapping[str, str], now: datetime) -> None:
        """Raise Refused, 400, unless the request is signed rightly, lately, and for the first time."""
        for name in COMMON:
            if not parameters.get(name):
                raise turned_away(f"Missing{name}", f"{name} is mandatory for this action.")
        if not hmac.compare_digest(parameters["AccessKeyId"].encode(), self._access_key.encode()):
            raise turned_away("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        try:
            sent = datetime.strptime(parameters["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise turned_away("InvalidTimeStamp.Format", "Specified time stamp is not well formatted.") from None
        if abs(now - sent) > WINDOW:
            raise turned_away("InvalidTimeStamp.Expired", "Specified time stamp is expired.")
        expected = signature(method, parameters, self._secret_key)
        given = parameters["Signature"]
        if parameters["SignatureMethod"] != "HMAC-SHA1" or not hmac.compare_digest(given.encode(), expected.encode()):
            raise turned_away("SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
        self._use(parameters["SignatureNonce"], now)

    def _use(self, nonce: str, now: datetime) -> None:
        while self._nonces and next(iter(self._nonces.values())) < now - 2 * WINDOW:
            self._nonces.popitem(last=False)
        if nonce in self._nonces:
            raise turned_away("SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces[nonce] = now


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
