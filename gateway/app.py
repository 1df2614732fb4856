"""The composition root: every layer, put together from a configuration.

From the outside in, in the order a request passes them:

1. web         HTTP and websockets: host guard, CORS, GraphQL over HTTP, the explorer, the board, health
2. schema      GraphQL types over domain objects; per-request loaders
   plans       operations compiled once, in place of graphql-core wherever they answer the same
3. services    lists over all backends, single objects, changes, watching
4. ledger      audit entries, idempotency keys, tombstones
5. backends    one stack each: measure, cache, single flight, total deadline; around each vendor call retry, circuit
               breaker, slots and the account's budget by priority, the attempt's time
6. vendors     the adapter: neutral words to the vendor's and back
7. wire        signing, and HTTP: connections kept open, behind the interface of httpx's transports

Nothing but this module knows the vendors, and it knows them only by discovery.
"""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import strawberry
import structlog
from starlette.applications import Starlette
from starlette.requests import HTTPConnection

from gateway.auth import Principal
from gateway.auth.requirements import requirements
from gateway.backends.call_gate import BackendGate
from gateway.backends.health import HealthRecord
from gateway.backends.levels import levels_of
from gateway.backends.rate_limit import CallBudget
from gateway.backends.registry import BackendRegistry
from gateway.backends.stack import BackendStack
from gateway.domain.backend import Backend
from gateway.domain.limits import Limits
from gateway.ledger import Ledger
from gateway.observability.exporting import provider_by
from gateway.observability.tallies import kept_up_to_date, reading
from gateway.observability.tracing import NO_TRACING, Tracing, onward
from gateway.plans import (
    NO_DOCUMENTS,
    BrokenManifest,
    PlannedSchema,
    RequestRates,
    TrustedDocuments,
    check_documents,
    documents_in,
)
from gateway.schema.context import RequestContext
from gateway.schema.root import build_schema
from gateway.services.caller import Caller
from gateway.services.mutations.recovery import RecoveryPauses
from gateway.services.services import Services
from gateway.services.watching import WatchPace
from gateway.settings import AuthSettings, ConfigurationError, DocumentSettings, Problem, Settings, cautions
from gateway.settings.observability import TracingSettings
from gateway.settings.watching import WatchSettings
from gateway.vendorkit.calls import Carrier
from gateway.vendorkit.discovery import installed_vendors
from gateway.vendorkit.http import VendorHttp
from gateway.vendorkit.kept_connections import KeptConnections
from gateway.vendorkit.manifest import AdapterContext
from gateway.vendorkit.settings import BackendSettings
from gateway.web import Leaving, Web, create_web
from gateway.web.identity import principal_of

if TYPE_CHECKING:
    from gateway.auth.access import Access
    from gateway.backends.shared.sharing import Sharing

_log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def build_app(
    settings: Settings,
    *,
    processes: int = 1,
    tracing: Tracing | None = None,
    recovering: RecoveryPauses | None = None,
) -> Web:
    """The application. Ledger and connections open at its start and close, after the changes under way, at its end.

    `processes` is how many serve this configuration side by side, `recovering` how long recovery waits. `tracing` is
    what makes spans, instead of what the configuration and the environment say of it. Raises ConfigurationError for a
    manifest of trusted documents that cannot be used.
    """
    held: dict[str, Services] = {}
    access = access_by(settings.auth)
    leaving = Leaving(settings.server.shutdown_timeout.total_seconds())
    tracing = tracing or tracing_by(settings.observability.tracing)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with (
            tracing.open(leaving.left_to_close),
            nullcontext() if access is None else access.open(),
            opened(
                settings, processes=processes, left=leaving.left, recovering=recovering, tracing=tracing
            ) as services,
        ):
            held["services"] = services
            yield {}

    def context(connection: HTTPConnection) -> RequestContext:
        fresh = any(
            name == b"cache-control" and b"no-cache" in value.lower() for name, value in connection.scope["headers"]
        )
        return RequestContext(services=held["services"], caller=Caller(principal=principal_of(connection), fresh=fresh))

    async def standing() -> Mapping[str, object]:
        return await held["services"].standing()

    limits = settings.limits.of_documents
    typed = build_schema(requirements(settings.auth))
    rate = settings.limits.rate(authenticated=access is not None, processes=processes)
    schema = PlannedSchema(
        typed,
        planning=settings.server.plans,
        limits=limits,
        rates=None if rate is None else RequestRates(*rate),
        asking=_asking,
    )
    identify = None if access is None else access.identify
    return create_web(
        schema,
        context,
        server=settings.server,
        limits=settings.limits,
        documents=_documents(settings.limits.documents, typed, limits),
        identify=identify,
        lifespan=lifespan,
        leaving=leaving,
        seconds_fresh=_seconds_fresh,
        observability=settings.observability,
        tracing=tracing,
        standing=standing,
    )


def _seconds_fresh(context: object) -> int:
    return context.caller.freshness.seconds() if isinstance(context, RequestContext) else 0


def _asking(context: RequestContext) -> Principal:
    return context.caller.principal


def _documents(documents: DocumentSettings, schema: strawberry.Schema, limits: Limits) -> TrustedDocuments:
    """The trusted documents, all of which can be executed. Raises ConfigurationError."""
    if documents.manifest is None:
        return NO_DOCUMENTS
    try:
        found = documents_in(documents.manifest)
        check_documents(found, schema._schema, limits)
    except BrokenManifest as problem:
        raise ConfigurationError([Problem(0, "limits.documents.manifest", str(problem))]) from None
    return TrustedDocuments(found, only=documents.mode == "only")


def tracing_by(settings: TracingSettings) -> Tracing:
    """What makes spans; off where nobody asked for them."""
    endpoint, ratio, name = settings.otlp_endpoint, settings.sample_ratio, settings.service_name
    return Tracing(provider_by(endpoint, ratio, name, os.environ))


def access_by(auth: AuthSettings) -> "Access | None":
    """Who judges credentials; None where nobody has to show any."""
    if not auth.is_on:
        return None
    from gateway.auth.access import Access  # noqa: PLC0415 - only who verifies signatures needs cryptography

    return Access(auth)


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    processes: int = 1,
    left: Callable[[], float | None] = lambda: None,
    recovering: RecoveryPauses | None = None,
    tracing: Tracing = NO_TRACING,
) -> AsyncIterator[Services]:
    """The services over a configuration, open while the block runs. Raises GatewayError without its ledger.

    `left` tells at the end how many seconds the changes under way have; None for as many as they need.
    """
    for caution in cautions(settings):
        _log.warning("insecure_setting", meaning=caution)
    async with AsyncExitStack() as resources:
        ledger = await Ledger.open(settings.ledger.url)
        resources.push_async_callback(ledger.aclose)
        registry = await resources.enter_async_context(opened_backends(settings, processes=processes, tracing=tracing))
        secret = settings.server.cursor_secret
        if secret is None:
            _log.warning("cursor_secret_missing", meaning="cursors end with this process; set server.cursor_secret")
        cursor_secret = secrets.token_bytes(32) if secret is None else secret.get_secret_value().encode()
        services = Services(
            registry,
            ledger,
            cursor_secret=cursor_secret,
            watching=_pace(settings.watching),
            recovering=recovering,
        )
        services.recover()
        try:
            yield services
        finally:
            await services.aclose(left())


@asynccontextmanager
async def opened_backends(
    settings: Settings, *, processes: int = 1, tracing: Tracing = NO_TRACING
) -> AsyncIterator[BackendRegistry]:
    """The backends alone, open while the block runs: for who only reads, and needs no ledger."""
    async with AsyncExitStack() as resources:
        client = await resources.enter_async_context(vendor_client())
        sharing = sharing_by(settings.cache.url, processes)
        stacks = [build_stack(backend, client, sharing, tracing) for backend in settings.backends]
        resources.enter_context(reading(levels_of(stacks)))
        await resources.enter_async_context(kept_up_to_date())
        if sharing is not None:
            await resources.enter_async_context(sharing.following())
        for stack in stacks:
            resources.push_async_callback(stack.adapter.aclose)
        yield BackendRegistry(stacks)


def _pace(watching: WatchSettings) -> WatchPace:
    return WatchPace(
        fastest=watching.fastest.total_seconds(),
        slowest=watching.slowest.total_seconds(),
        share_of_budget=watching.share_of_budget,
        most_executions=watching.most_executions,
    )


def vendor_client() -> KeptConnections:
    """The connections that all backends share. Time is bounded by each backend's own gate, not here."""
    return KeptConnections()


def sharing_by(url: str, processes: int) -> "Sharing | None":
    """What is shared by way of Redis; None when the cache is this process's memory."""
    if url == "memory://":
        return None
    from gateway.backends.shared.sharing import Sharing  # noqa: PLC0415 - only who shares needs a client of Redis

    return Sharing(url, processes, utc_now)


def build_stack(
    settings: BackendSettings,
    client: Carrier | httpx.AsyncBaseTransport | httpx.AsyncClient,
    sharing: "Sharing | None" = None,
    tracing: Tracing = NO_TRACING,
) -> BackendStack:
    """One backend, as its section of the configuration says."""
    manifest = installed_vendors()[settings.vendor]
    backend = Backend(
        name=settings.name,
        vendor=manifest.vendor,
        region=getattr(settings, "region", None),
        read_only=settings.read_only,
        capabilities=manifest.capabilities,
    )
    health = HealthRecord(calls_per_second=settings.calls_per_second, now=utc_now)
    endpoint = manifest.endpoint(settings)
    budget = CallBudget(settings.calls_per_second) if sharing is None else sharing.budget(settings, endpoint)
    gate = BackendGate(settings.name, budget, settings, health, now=utc_now, vendor=manifest.vendor, tracing=tracing)

    def http_for(base_url: str) -> VendorHttp:
        return VendorHttp(
            backend=settings.name,
            base_url=base_url,
            client=client,
            gate=gate,
            secrets=settings.secrets(),
            onward=onward if settings.propagate_trace else None,
        )

    context = AdapterContext(backend=backend, http=http_for(endpoint), http_for=http_for, now=utc_now)
    adapter = manifest.adapter(settings, context)
    shared = None if sharing is None else sharing.backend(settings, endpoint, manifest, adapter)
    return BackendStack(
        adapter=adapter,
        manifest=manifest,
        pace=settings,
        health=health,
        now=utc_now,
        gate=gate,
        shared=shared,
        tracing=tracing,
    )
