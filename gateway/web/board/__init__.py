"""The board at /: one page over the public API, for whoever is on call.

The page holds no data and no right of its own. What it shows it asks at /graphql as any client would, with the
credentials that its reader gives it; so whoever may open the page may still see nothing.
"""

from pathlib import Path
from typing import Final

from starlette.routing import Route

from gateway.web.static_files import StaticFolder, assets_route, page_route

FOLDER: Final = Path(__file__).parent / "static"


def board_routes() -> list[Route]:
    """The page, and what it is made of."""
    files = StaticFolder(FOLDER)
    return [page_route("/", files), assets_route("board", files)]
