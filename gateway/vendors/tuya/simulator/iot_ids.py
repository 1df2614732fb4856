"""IotIds of simulated devices."""


def iot_id(product_key: str, name: str) -> str:
    """A device's IotId. Opaque to callers; it can be read back here, so that nothing need be stored."""
    return f"{product_key}/{name}".encode().hex()


def named_by(text: str) -> tuple[str, str] | None:
    """The product key and name behind an IotId; None when it is not one."""
    try:
        product_key, slash, name = bytes.fromhex(text).decode().partition("/")
    except ValueError:
        return None
    return (product_key, name) if slash else None
