"""The explorer that browsers see at /graphql: GraphiQL, built by `make explorer` out of the folder `explorer/`.

Wheels bring the built files. Where there are none, a page says how to build them; nothing else depends on them.
"""

from functools import cached_property
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from gateway.web.static_files import StaticFile, StaticFolder, assets_route, page_policy, page_response

BUNDLE: Final = Path(__file__).with_name("bundle")
_UNBUILT: Final = Path(__file__).with_name("unbuilt")
# The editor puts its styles into the page by script, and draws its icons with a font it holds as data.
_POLICY: Final = page_policy(style_src="'self' 'unsafe-inline'", font_src="'self' data:", worker_src="'self'")


class Explorer:
    """The page, and the files it is made of. `bundle` is the folder that `make explorer` fills."""

    def __init__(self, bundle: Path = BUNDLE) -> None:
        self._folder = bundle if (bundle / "index.html").is_file() else _UNBUILT

    def page(self, scope: Scope) -> Response:
        """The page. Who does not ask for a page at the same address gets GraphQL there."""
        return page_response(self._page, scope, _POLICY, vary="Accept, Accept-Encoding")

    @cached_property
    def _page(self) -> StaticFile:
        return StaticFile(self._folder / "index.html")

    def assets(self) -> Route:
        """The route of its files."""
        return assets_route("explorer", StaticFolder(self._folder))
