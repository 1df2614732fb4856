"""How what is behind the gateway stands: for the operator's readiness probe, not for what is answered."""

from gateway.backends.registry import BackendRegistry
from gateway.domain.errors import GatewayError
from gateway.ledger import Ledger


async def standing(registry: BackendRegistry, ledger: Ledger) -> dict[str, object]:
    """Each backend's health, whether the ledger answers, and whether the shared cache does; as JSON."""
    told: dict[str, object] = {
        "backends": {stack.name: stack.health().state.value for stack in registry},
        "ledger": "REACHABLE",
    }
    try:
        await ledger.answer()
    except GatewayError:
        told["ledger"] = "AWAY"
    shared = [stack.shared.up for stack in registry if stack.shared is not None]
    if shared:
        told["sharedCache"] = "REACHABLE" if all(shared) else "AWAY"
    return told
