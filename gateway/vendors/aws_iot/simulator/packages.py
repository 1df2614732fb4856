"""The Software Package Catalog: packages, their versions, and the one that is the default."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from gateway.vendorkit.simulation.page_token import read_token, write_token
from gateway.vendorkit.simulation.rest_json import Call, Handler, Refusal, epoch
from gateway.vendors.aws_iot.simulator.arns import arn

DEFAULT_PAGE = 50


@dataclass(slots=True, kw_only=True)
class Version:
    """A version of a package. `members` holds what the caller gave: description, attributes, artifact, recipe."""

    created_at: float
    updated_at: float
    status: str = "DRAFT"
    members: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Package:
    """A package and its versions by name."""

    created_at: float
    updated_at: float
    description: str | None = None
    default: str | None = None
    versions: dict[str, Version] = field(default_factory=dict)


class Packages:
    """The catalog's operations. `packages` is its state, for tests and demonstrations to look at and to change."""

    def __init__(self) -> None:
        self.packages: dict[str, Package] = {}

    def handlers(self) -> dict[str, Handler]:
        """The function behind each operation."""
        return {
            "ListPackages": self._list_packages, "GetPackage": self._get_package,
            "CreatePackage": self._create_package, "UpdatePackage": self._update_package,
            "DeletePackage": self._delete_package, "ListPackageVersions": self._list_versions,
            "GetPackageVersion": self._get_version, "CreatePackageVersion": self._create_version,
            "UpdatePackageVersion": self._update_version, "DeletePackageVersion": self._delete_version,
        }  # fmt: skip

    def _package(self, call: Call) -> Package:
        name = call.path["packageName"]
        if (package := self.packages.get(name)) is None:
            raise Refusal(404, "ResourceNotFoundException", f"Package {name} cannot be found.")
        return package

    def _version(self, call: Call) -> Version:
        name = call.path["versionName"]
        if (version := self._package(call).versions.get(name)) is None:
            raise Refusal(404, "ResourceNotFoundException", f"Package version {name} cannot be found.")
        return version

    def _list_packages(self, call: Call) -> dict[str, Any]:
        rows = [
            _present(packageName=name, defaultVersionName=package.default, **_dates(package))
            for name, package in sorted(self.packages.items())
        ]
        return _page(call, "packageSummaries", "packageName", rows)

    def _get_package(self, call: Call) -> dict[str, Any]:
        package, name = self._package(call), call.path["packageName"]
        return _present(
            packageName=name, packageArn=arn(call.region, f"package/{name}"), description=package.description,
            defaultVersionName=package.default, **_dates(package),
        )  # fmt: skip

    def _create_package(self, call: Call) -> dict[str, Any]:
        name, description = call.path["packageName"], call.body.get("description")
        if name in self.packages:
            raise Refusal(409, "ConflictException", f"Package {name} exists already.", resourceId=name)
        self.packages[name] = Package(created_at=call.now, updated_at=call.now, description=description)
        return _present(packageName=name, packageArn=arn(call.region, f"package/{name}"), description=description)

    def _update_package(self, call: Call) -> dict[str, Any]:
        package, default = self._package(call), call.body.get("defaultVersionName")
        if default is not None:
            if call.body.get("unsetDefaultVersion"):
                text = "defaultVersionName and unsetDefaultVersion exclude each other."
                raise Refusal(400, "ValidationException", text)
            if default not in package.versions:
                raise Refusal(404, "ResourceNotFoundException", f"Package version {default} cannot be found.")
            if package.versions[default].status != "PUBLISHED":
                text = f"Package version {default} is not published."
                raise Refusal(409, "ConflictException", text, resourceId=default)
            package.default = default
        elif call.body.get("unsetDefaultVersion"):
            package.default = None
        package.description = call.body.get("description", package.description)
        package.updated_at = call.now
        return {}

    def _delete_package(self, call: Call) -> None:
        package = self.packages.get(call.path["packageName"])
        if package is not None and package.versions:
            raise Refusal(400, "ValidationException", "The package still has versions.")
        self.packages.pop(call.path["packageName"], None)

    def _list_versions(self, call: Call) -> dict[str, Any]:
        name = call.path["packageName"]
        # No ResourceNotFoundException is modelled here, so a package that is not there has no versions.
        versions = self.packages[name].versions if name in self.packages else {}
        rows = [
            {"packageName": name, "versionName": key, "status": version.status, **_dates(version)}
            for key, version in sorted(versions.items())
            if call.query.get("status") in {None, version.status}
        ]
        return _page(call, "packageVersionSummaries", "versionName", rows)

    def _get_version(self, call: Call) -> dict[str, Any]:
        version = self._version(call)
        return {**self._identity(call), "status": version.status, **version.members, **_dates(version)}

    def _create_version(self, call: Call) -> dict[str, Any]:
        name = call.path["versionName"]
        package = self.packages.get(call.path["packageName"])
        if package is None:
            raise Refusal(400, "ValidationException", "The package does not exist.")
        if name in package.versions:
            raise Refusal(409, "ConflictException", f"Package version {name} exists already.", resourceId=name)
        version = package.versions[name] = Version(created_at=call.now, updated_at=call.now)
        version.members = {key: value for key, value in call.body.items() if key in _VERSION_MEMBERS}
        shown: dict[str, Any] = {
            key: version.members[key] for key in ("description", "attributes") if key in version.members
        }
        return {**self._identity(call), "status": version.status, **shown}

    def _update_version(self, call: Call) -> None:
        version, action = self._version(call), call.body.get("action")
        if "attributes" in call.body and version.status != "DRAFT":
            text = "Attributes can be changed in DRAFT only."
            raise Refusal(409, "ConflictException", text, resourceId=call.path["versionName"])
        if action is not None:
            before, after = {"PUBLISH": ("DRAFT", "PUBLISHED"), "DEPRECATE": ("PUBLISHED", "DEPRECATED")}[action]
            if version.status != before:
                text = f"A {version.status} version cannot become {after}."
                raise Refusal(409, "ConflictException", text, resourceId=call.path["versionName"])
            version.status = after
        version.members.update({key: value for key, value in call.body.items() if key in _VERSION_MEMBERS})
        version.updated_at = call.now

    def _delete_version(self, call: Call) -> None:
        package = self.packages.get(call.path["packageName"])
        if package is not None and package.default == call.path["versionName"]:
            raise Refusal(400, "ValidationException", "The default version cannot be deleted; unset the default first.")
        if package is not None:
            package.versions.pop(call.path["versionName"], None)

    def _identity(self, call: Call) -> dict[str, Any]:
        package, version = call.path["packageName"], call.path["versionName"]
        name = arn(call.region, f"package/{package}/version/{version}")
        return {"packageVersionArn": name, "packageName": package, "versionName": version}


_VERSION_MEMBERS = {"description", "attributes", "artifact", "recipe"}


def _dates(thing: Package | Version) -> dict[str, float]:
    return {"creationDate": epoch(thing.created_at), "lastModifiedDate": epoch(thing.updated_at)}


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _page(call: Call, items: str, key: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    listing = f"{call.operation}/{call.path.get('packageName', '')}/{call.query.get('status', '')}"
    if token := call.query.get("nextToken"):
        try:
            after = str(read_token(token, listing)[0])
        except ValueError as problem:
            raise Refusal(400, "ValidationException", str(problem)) from None
        rows = [row for row in rows if row[key] > after]
    size = call.query.get("maxResults", DEFAULT_PAGE)
    page = list(islice(rows, size))
    if len(rows) > size:
        return {items: page, "nextToken": write_token(listing, [page[-1][key]])}
    return {items: page}
