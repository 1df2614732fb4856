"""What spans are exported by: OTLP over HTTP, in batches behind the requests, as configured here or by OTEL_*.

The environment variables of OpenTelemetry fill in what the configuration file leaves open; where both speak, the file
wins. Headers, certificates, timeouts and queue lengths are set by the environment alone.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_TRACES_PATH: Final = "/v1/traces"
_SERVICE_NAME: Final = "ota-gateway"


def provider_by(
    endpoint: str | None, sample_ratio: float | None, service_name: str | None, env: Mapping[str, str]
) -> "Callable[[], TracerProvider] | None":
    """What makes the provider; None where neither the configuration nor the environment asks for traces."""
    if env.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if endpoint is None and (env.get("OTEL_TRACES_EXPORTER") == "none" or not any(env.get(one) for one in _ENDPOINTS)):
        return None
    return lambda: _provider(endpoint, sample_ratio, service_name)


def _provider(endpoint: str | None, sample_ratio: float | None, service_name: str | None) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415

    provider = TracerProvider(
        # Without one of its own the SDK asks the environment.
        sampler=None if sample_ratio is None else ParentBasedTraceIdRatio(sample_ratio),
        resource=_resource(service_name),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=None if endpoint is None else _with_path(endpoint))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _resource(service_name: str | None) -> "Resource":
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415

    resource = Resource.create()
    named = str(resource.attributes.get(SERVICE_NAME, ""))
    if service_name is None and not named.startswith("unknown_service"):
        return resource
    return resource.merge(Resource({SERVICE_NAME: service_name or _SERVICE_NAME}))


def _with_path(endpoint: str) -> str:
    """As OpenTelemetry has it for its own variable: the base of a collector is given, and spans go to /v1/traces."""
    return endpoint if urlsplit(endpoint).path.strip("/") else endpoint.rstrip("/") + _TRACES_PATH
