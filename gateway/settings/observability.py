"""The section `observability` of the configuration: what is told of the running gateway, and where."""

from typing import Literal

from pydantic import Field

from gateway.vendorkit.settings import Strict


class TracingSettings(Strict):
    """Traces for a collector that speaks OTLP over HTTP. Off unless it, or OpenTelemetry's own variable, is named."""

    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*)?$",
        description="The collector, such as http://127.0.0.1:4318; without a path, spans go to /v1/traces. Wins over "
        "OTEL_EXPORTER_OTLP_ENDPOINT. Headers and certificates: OTEL_EXPORTER_OTLP_HEADERS and the like.",
    )
    sample_ratio: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="How much of the traces that begin here is kept; a caller's trace is kept if the caller keeps it. "
        "Wins over OTEL_TRACES_SAMPLER; without both, all of them.",
    )
    service_name: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="What traces call this gateway. Wins over OTEL_SERVICE_NAME; without both, ota-gateway.",
    )


class ObservabilitySettings(Strict):
    """Metrics, traces and the log."""

    metrics: bool = Field(
        default=True,
        description="Serve /metrics. With authentication, to principals whose role says `metrics: true`.",
    )
    tracing: TracingSettings = Field(default_factory=TracingSettings, description="Traces for a collector.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="What the log leaves out: all that is less than this."
    )
    log_requests: bool = Field(
        default=False,
        description="A line for each GraphQL operation: its name, outcome, duration and principal.",
    )
