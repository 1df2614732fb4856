"""Everything that is counted, by the names that /metrics shows; the one place where a metric is declared.

Whoever sees it happen counts it: the web face requests, the gate vendor calls, the stack where answers came from, the
desk changes, watching its looks. Labels hold what configuration, schema and vendors' documentation bound, never what a
client sent.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from gateway.observability.tallies import TalliedHistogram

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUESTS: Final = Counter(
    "ota_gateway_requests_total",
    "GraphQL operations answered. transport: http, websocket, sse, multipart. operation: query, mutation, "
    "subscription, none. outcome: ok, errors (some of it failed), refused (never executed), failed (our fault), left "
    "(its client had gone).",
    ("transport", "operation", "outcome"),
)
REQUEST_SECONDS: Final = TalliedHistogram(
    "ota_gateway_request_seconds",
    "From the moment a request is looked at to its answer; subscriptions excepted.",
    ("operation",),
    buckets=SECONDS,
)
OPEN_STREAMS: Final = Gauge(
    "ota_gateway_open_streams",
    "Streams that stand: websocket connections, and answers by server-sent events or in parts.",
    ("transport",),
    multiprocess_mode="livesum",
)

CALLERS_REFUSED: Final = Counter(
    "ota_gateway_callers_refused_total", "Requests and connections whose credentials are not valid here."
)

VENDOR_CALLS: Final = Counter(
    "ota_gateway_vendor_calls_total",
    "Attempts of calls to vendors. operation: the vendor's name for it. outcome: ok, an error code of OtaError, "
    "taken_back (nobody waited any more), or not_understood.",
    ("backend", "vendor", "operation", "outcome"),
)
VENDOR_CALL_SECONDS: Final = Histogram(
    "ota_gateway_vendor_call_seconds",
    "How long single attempts took, waits before them not counted.",
    ("backend", "vendor"),
    buckets=SECONDS,
)
VENDOR_RETRIES: Final = Counter("ota_gateway_vendor_retries_total", "Calls that were made again.", ("backend",))
VENDOR_CALLS_KEPT_BACK: Final = Counter(
    "ota_gateway_vendor_calls_kept_back_total",
    "Calls that were not made. why: circuit (the vendor does not answer) or budget (no turn in time).",
    ("backend", "why"),
)
UNKNOWN_VALUES: Final = Counter(
    "ota_gateway_unknown_values_total",
    "Values of vendors that no mapping knows, shown as UNKNOWN. kind: the vendor's table: task, execution, package "
    "and others. The log has each value once, as unknown_value.",
    ("vendor", "kind"),
)

ANSWERS: Final = Counter(
    "ota_gateway_answers_total",
    "Reads of a backend by where their answer came from. source: memory, shared (Redis), vendor, joined (another read "
    "of the same under way), stale.",
    ("backend", "source"),
)

CIRCUIT_OPEN: Final = Gauge(
    "ota_gateway_circuit_open",
    "1 while calls are refused because the vendor does not answer, 0.5 while one is let through to see, else 0.",
    ("backend",),
    multiprocess_mode="livemax",
)
CALLS_UNDER_WAY: Final = Gauge(
    "ota_gateway_vendor_calls_under_way", "Calls at the vendor.", ("backend",), multiprocess_mode="livesum"
)
CALLS_WAITING: Final = Gauge(
    "ota_gateway_vendor_calls_waiting",
    "Calls that wait for a slot or for the budget.",
    ("backend",),
    multiprocess_mode="livesum",
)
CALL_BUDGET: Final = Gauge(
    "ota_gateway_vendor_call_budget",
    "Calls a second that the account may spend.",
    ("backend",),
    multiprocess_mode="livemax",
)

MUTATIONS: Final = Counter(
    "ota_gateway_mutations_total",
    "Changes that were asked for. operation and outcome: as in OtaOperation and OtaMutationOutcome.",
    ("backend", "operation", "outcome"),
)

WATCHED: Final = Gauge(
    "ota_gateway_watched_objects",
    "Tasks, and tasks' executions, that are looked at because somebody watches them. kind: task, executions.",
    ("kind",),
    multiprocess_mode="livesum",
)
WATCHERS: Final = Gauge(
    "ota_gateway_watchers", "Subscriptions that listen to them.", ("kind",), multiprocess_mode="livesum"
)
LOOKS: Final = Counter(
    "ota_gateway_watch_looks_total",
    "Looks at what is watched. outcome: changed, unchanged, failed, gone.",
    ("kind", "outcome"),
)
WATCH_EVENTS: Final = Counter("ota_gateway_watch_events_total", "Changes that were handed to subscriptions.", ("kind",))
