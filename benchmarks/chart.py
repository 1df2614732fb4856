"""results.svg: bars of the queries a second, warm and cold, as the README shows them. Readable on light and on dark."""

from collections.abc import Sequence
from html import escape
from typing import Any

_SHAPE = "flat-4x25"
_CONNECTIONS = 16
_WIDTH, _LEFT, _BAR, _STEP, _HEAD = 780, 256, 16, 24, 34

_STYLE = """\
    text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
    .head { font-weight: 600 }
    .note { font-size: 12px; fill: #59636e }
    .bar { fill: #9aa4b0 }
    .ours { fill: #1a7f5a }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .note { fill: #9198a1 }
      .bar { fill: #5b6673 }
      .ours { fill: #3fb68b }
    }
"""


def svg(content: dict[str, Any]) -> str:
    """The chart of a throughput section: one panel warm, one cold."""
    parts: list[str] = []
    height = 8
    for mode, what in (("warm", "upstream answers cached"), ("cold", "nothing kept; reads under way shared, or not")):
        bars = _bars(content, mode)
        if bars:
            parts += _panel(height, f"{mode.capitalize()}: {what}", bars)
            height += _HEAD + _STEP * len(bars) + 14
    title = f"Queries a second: {content['shapes'].get(_SHAPE, _SHAPE)} of seven fields, {_CONNECTIONS} connections"
    parts.append(_text(8, height + 6, f"{title}, one process each. Longer is better.", "note"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height + 18}" role="img" '
        f'aria-label="{escape(title)}">\n  <title>{escape(title)}</title>\n  <style>\n{_STYLE}  </style>\n'
        + "".join(f"  {part}\n" for part in parts)
        + "</svg>\n"
    )


def _bars(content: dict[str, Any], mode: str) -> list[tuple[str, bool, float]]:
    """Title, whether it is the gateway, and rate, the fastest first."""
    found = [
        (content["servers"][one["server"]].replace("`", ""), one["server"].startswith("gateway"), one["rate"])
        for one in content["figures"]
        if (one["shape"], one["mode"], one["connections"]) == (_SHAPE, mode, _CONNECTIONS)
    ]
    return sorted(found, key=lambda bar: bar[2], reverse=True)


def _panel(top: int, head: str, bars: Sequence[tuple[str, bool, float]]) -> list[str]:
    longest = max(rate for _, _, rate in bars) or 1
    parts = [_text(8, top + 18, head, "head")]
    for at, (title, ours, rate) in enumerate(bars):
        y = top + _HEAD + at * _STEP
        width = max(2, round((_WIDTH - _LEFT - 80) * rate / longest))
        kind = "ours" if ours else "bar"
        parts.append(_text(_LEFT - 8, y + 13, title, "head" if ours else "", end=True))
        parts.append(f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width}" height="{_BAR}" rx="2"/>')
        parts.append(_text(_LEFT + width + 8, y + 13, f"{rate:,.0f}", ""))
    return parts


def _text(x: int, y: int, text: str, kind: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x}" y="{y}"{anchor}>{escape(text)}</text>'
