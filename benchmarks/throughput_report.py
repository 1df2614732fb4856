"""The throughput's part of results.md: what was done, and the tables."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Figure = dict[str, Any]

MANY = 16
AGAINST = ("mercurius", "strawberry")

_MODES = {
    "warm": "Warm: what the upstreams answered is kept for five seconds, mapped; whole responses are not.",
    "cold": "Cold: nothing is kept, each query is read from the upstreams. "
    "The gateway shares one read among equal questions under way, as it is shipped; without, in a row of its own.",
}


def report(content: dict[str, Any]) -> str:
    """The whole section."""
    figures: Sequence[Figure] = content["figures"]
    parts = ["## Throughput", _what_was_done(content), _failures(figures)]
    for mode, sentence in _MODES.items():
        of_mode = [one for one in figures if one["mode"] == mode and one["connections"] == MANY]
        if of_mode:
            parts += [f"### {mode.capitalize()}, {MANY} connections", sentence, *_by_shape(content, of_mode)]
    parts += ["### 1, 16 and 64 connections", *_by_connections(content, figures)]
    parts += ["### Memory", *_memory(content, figures)]
    return "\n\n".join(parts)


def ratio(figures: Iterable[Figure], figure: Figure, against: str) -> float | None:
    """How many times the rate of another server under the same conditions; None where that one was not measured."""
    conditions = ("shape", "mode", "connections")
    other = next((o for o in figures if o["server"] == against and all(o[c] == figure[c] for c in conditions)), None)
    return figure["rate"] / other["rate"] if other and other["rate"] else None


def _what_was_done(content: dict[str, Any]) -> str:
    rounds = f"{content['rounds']} rounds" if content["rounds"] > 1 else "one round"
    return (
        "Each server is one process over the same four upstreams (nginx on loopback, keep-alive). wrk asks by HTTP "
        f"POST from one thread. The servers are asked in turn, {content['seconds']:g} seconds each, for {rounds}; "
        "figures are medians over the rounds. Before and after, all have to give the same answer. "
        f"The machine's load average before: {content['load_average_before']:g}."
    )


def _failures(figures: Sequence[Figure]) -> str:
    failed = [one for one in figures if one["failed"]]
    if not failed:
        return "Failed requests: none."
    each = (
        f"{one['server']} {one['failed']} ({one['shape']}, {one['mode']}, {one['connections']} connections)"
        for one in failed
    )
    return f"**Failed requests**: {'; '.join(each)}."


def _by_shape(content: dict[str, Any], figures: Sequence[Figure]) -> Iterable[str]:
    def times(against: str) -> Callable[[Figure], str]:
        return lambda one: _times(figures, one, against)

    def grid(title: str, cell: Callable[[Figure], str]) -> str:
        shapes = [shape for shape in content["shapes"] if any(one["shape"] == shape for one in figures)]
        return _grid(content, figures, title, shapes, lambda one: str(one["shape"]), cell)

    yield grid("queries a second", lambda one: _number(one["rate"]))
    for against in AGAINST:
        if against in content["servers"]:
            yield grid(f"times {content['servers'][against]}", times(against))
    yield grid("p50 / p99, ms", lambda one: f"{_number(one['p50_ms'])} / {_number(one['p99_ms'])}")
    yield grid("CPU of the server, ms a query", lambda one: _number(one["cpu_ms"]))


def _by_connections(content: dict[str, Any], figures: Sequence[Figure]) -> Iterable[str]:
    everywhere = [one for one in figures if one["connections"] != MANY]
    for shape in dict.fromkeys(one["shape"] for one in everywhere):
        of_shape = [one for one in figures if one["shape"] == shape]

        def where(one: Figure) -> str:
            return f"{one['mode']}, {one['connections']}"

        columns = list(dict.fromkeys(where(one) for one in sorted(of_shape, key=_warm_first)))
        yield content["shapes"][shape] + "."
        yield _grid(content, of_shape, "queries a second", columns, where, lambda one: _number(one["rate"]))
        latency = _grid(
            content, of_shape, "p50 / p99, ms", columns, where,
            lambda one: f"{_number(one['p50_ms'])} / {_number(one['p99_ms'])}",
        )  # fmt: skip
        yield latency


def _memory(content: dict[str, Any], figures: Sequence[Figure]) -> Iterable[str]:
    yield "The most that the process ever held, over all shapes."
    most: dict[tuple[str, str], Figure] = {}
    for one in figures:
        known = most.setdefault((one["server"], one["mode"]), one)
        if one["peak_memory_mib"] > known["peak_memory_mib"]:
            most[one["server"], one["mode"]] = one
    modes = [mode for mode in _MODES if any(mode == known for _, known in most)]
    yield _grid(
        content,
        list(most.values()),
        "MiB",
        modes,
        lambda one: str(one["mode"]),
        lambda one: str(one["peak_memory_mib"]),
    )


def _grid(
    content: dict[str, Any],
    figures: Sequence[Figure],
    title: str,
    columns: Sequence[str],
    column_of: Callable[[Figure], str],
    cell: Callable[[Figure], str],
) -> str:
    """A table with a line per server. A dash stands where one was not measured."""
    lines = [f"| {title} | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for name, shown in content["servers"].items():
        cells = {column_of(one): cell(one) for one in figures if one["server"] == name}
        if cells:
            lines.append(f"| {shown} | {' | '.join(cells.get(column, '–') for column in columns)} |")
    return "\n".join(lines)


def _times(figures: Sequence[Figure], one: Figure, against: str) -> str:
    found = ratio(figures, one, against)
    return "–" if found is None else f"{found:.2f}" if found < 10 else f"{found:.0f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _warm_first(one: Figure) -> tuple[bool, int]:
    return one["mode"] != "warm", one["connections"]
