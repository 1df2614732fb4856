"""Whether an answer is about the object that was asked for: what is changed next goes by the key the answer gives."""

from gateway.domain.backend import Backend
from gateway.domain.errors import VendorRejected


def check_asked_for(backend: Backend, operation: str, asked: object, answered: object) -> None:
    """Raise VendorRejected when a vendor, or something before it, answered with another object's description."""
    if answered != asked:
        raise VendorRejected(
            f"Backend {backend.name} answered {operation} with another object than the one asked for. Nothing of it is "
            "used: look for a cache or a proxy before this backend.",
            backend=backend.name,
        )
