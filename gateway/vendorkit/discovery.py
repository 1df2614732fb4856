"""Which vendors are installed: every folder under gateway/vendors, and every package that names itself an
`ota_gateway.vendors` entry point. No list of vendors stands anywhere else.
"""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType

from gateway.vendorkit.manifest import VendorManifest

ENTRY_POINT_GROUP = "ota_gateway.vendors"
_FOLDER = "gateway.vendors"


@cache
def installed_vendors() -> MappingProxyType[str, VendorManifest]:
    """The manifests by slug, in the order of the slugs. Raises RuntimeError when two share a slug or an enum value."""
    folder = importlib.import_module(_FOLDER)
    found = [
        importlib.import_module(f"{_FOLDER}.{module.name}").MANIFEST
        for module in pkgutil.iter_modules(folder.__path__)
        if module.ispkg
    ]
    found += [entry.load() for entry in entry_points(group=ENTRY_POINT_GROUP)]
    by_slug: dict[str, VendorManifest] = {}
    for manifest in sorted(found, key=lambda manifest: manifest.slug):
        if not isinstance(manifest, VendorManifest):
            raise TypeError(f"A vendor package offers {type(manifest).__name__} where a VendorManifest is expected.")
        if any(manifest.slug == other.slug or manifest.vendor == other.vendor for other in by_slug.values()):
            raise RuntimeError(f"Two installed vendors both call themselves {manifest.slug} or {manifest.vendor}.")
        by_slug[manifest.slug] = manifest
    return MappingProxyType(by_slug)
