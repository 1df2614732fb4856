"""Changes: every mutation on one backend, in any order, so that its fleet neither grows nor runs out."""

import random
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, ClassVar

_TASKS = """query($backends: [String!]!) { tasks(first: 60, filter: {backends: $backends}) { nodes {
  id allowedOperations { operation allowed } package { id }
  executions(first: 3) { nodes { id device { name productKey } allowedOperations { operation allowed } } } } } }"""
_PACKAGES = "query($backends: [String!]!) { packages(first: 30, filter: {backends: $backends}) { nodes { id kind } } }"
_MOST_TASKS = 45


class Changes:
    """`ask` asks the gateway, and gives the data of the answer, or None."""

    NAMES: ClassVar = (
        "createOtaTask", "updateOtaTask", "confirmOtaTask", "retryOtaTask", "cancelOtaTask", "deleteOtaTask",
        "deleteOtaPackage", "cancelDeviceUpgrade", "deleteJobExecution",
    )  # fmt: skip

    def __init__(
        self, backend: str, vendor: str, draw: random.Random, ask: Callable[..., Coroutine[Any, Any, Any]]
    ) -> None:
        self._backend = backend
        self._vendor = vendor
        self._random = draw
        self._ask = ask
        self._number = count(1)

    async def one(self) -> tuple[str, dict[str, Any] | None]:
        """Make one change: its name, and its payload."""
        found = await self._ask(_TASKS, backends=[self._backend])
        tasks = [task for task in ((found or {}).get("tasks") or {}).get("nodes", ()) if task]
        name = self._random.choice(self.NAMES)
        if len(tasks) > _MOST_TASKS:
            name = self._random.choice(("cancelOtaTask", "deleteOtaTask"))
        elif len(tasks) < 5:
            name = "createOtaTask"
        members = await self._members(name, tasks)
        if members is None:
            return "nothing to change", None
        if self._random.random() < 0.2:
            members["dryRun"] = True
        kind = f"{name[0].upper()}{name[1:]}Input"
        document = (
            f"mutation($input: {kind}!) {{ {name}(input: $input) {{ auditEntryId "
            "errors { __typename code message } } }"
        )
        answer = await self._ask(document, input=members)
        return name, (answer or {}).get(name)

    async def _members(self, name: str, tasks: list[dict[str, Any]]) -> dict[str, Any] | None:
        if name == "createOtaTask":
            return await self._draft(tasks)
        if name == "deleteOtaPackage":
            packages = await self._packages()
            # A few packages there must be; the others are used anyhow, mostly.
            return {"id": self._random.choice(packages), "dryRun": len(packages) < 4} if packages else None
        executions = [one for task in tasks for one in (task["executions"] or {}).get("nodes", ())]
        if name in ("cancelDeviceUpgrade", "deleteJobExecution"):
            if not executions:
                return None
            one = self._random.choice(executions)["id"]
            return {"executionIds": [one]} if name == "cancelDeviceUpgrade" else {"id": one, "force": True}
        if not tasks:
            return None
        task = self._random.choice(tasks)["id"]
        more: dict[str, dict[str, Any]] = {"updateOtaTask": {"description": f"soaked {next(self._number)}"}}
        more |= {forced: {"force": True} for forced in ("cancelOtaTask", "deleteOtaTask")}
        return {"id": task, **more.get(name, {})}

    async def _packages(self) -> list[str]:
        found = await self._ask(_PACKAGES, backends=[self._backend])
        return [one["id"] for one in ((found or {}).get("packages") or {}).get("nodes", ())]

    async def _draft(self, tasks: list[dict[str, Any]]) -> dict[str, Any] | None:
        named: dict[str, Any] = {"backend": self._backend}
        if self._vendor == "aws-iot":
            target = "arn:aws:iot:us-east-1:123456789012:thing/dev-000000"
            name = f"soak-{next(self._number)}"
            return {**named, "name": name, "document": '{"operation":"install"}', "targets": [target]}
        if self._vendor == "aws-managed-integrations":
            return {**named, "description": "hub", "s3Url": "s3://ota/hub-4.json", "targets": ["thing000000"]}
        like = next((one for one in tasks if one["package"] and (one["executions"] or {}).get("nodes")), None)
        if like is None:
            return None
        device = like["executions"]["nodes"][0]["device"]
        named |= {"packageId": like["package"]["id"], "targets": [device["name"]]}
        if self._vendor == "tuya":
            return {**named, "productKey": device["productKey"], "vendorOptions": {"NeedConfirm": True}}
        return {**named, "name": f"soak_{next(self._number)}", "vendorOptions": {"need_confirm": True}}
