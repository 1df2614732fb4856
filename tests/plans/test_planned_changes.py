"""Mutations: one after the other, with their previews, results and refusals."""

from tests.plans.conftest import Ask
from tests.plans.known import id_of

TASK = id_of("tasks", "whole", "t2")


def test_changes_happen_one_after_the_other_in_the_order_of_the_document(change: Ask) -> None:
    answer = change(
        """mutation ($id: ID!) {
        last: updateOtaTask(input: {id: $id, description: "one"}) { outcome task { description } }
        first: updateOtaTask(input: {id: $id, description: "two"}) { task { description status } errors { code } }
        again: cancelOtaTask(input: {id: $id, dryRun: true}) { outcome preview { affected wouldRefuse { code } } } }""",
        id=TASK,
    )
    assert list(answer["data"]) == ["last", "first", "again"]
    assert answer["data"]["last"]["task"]["description"] == "one"
    assert answer["data"]["first"]["task"]["description"] == "two"
    assert answer["data"]["again"]["preview"]["affected"] == [TASK]


def test_a_change_finds_what_the_one_before_it_left(change: Ask) -> None:
    data = change(
        """mutation ($id: ID!) { gone: deleteOtaTask(input: {id: $id}) { outcome deletedId }
        late: updateOtaTask(input: {id: $id, description: "too late"}) { outcome errors { __typename } } }""",
        id=id_of("tasks", "whole", "t0"),
    )["data"]
    assert data["gone"]["outcome"] == "DONE"
    assert data["late"] == {"outcome": "REFUSED", "errors": [{"__typename": "OtaNotFound"}]}


def test_a_refusal_is_data_with_the_members_of_its_class(change: Ask) -> None:
    data = change(
        """mutation ($input: CancelOtaTaskInput!) { cancelOtaTask(input: $input) { outcome errors { __typename code
        message ... on OtaInvalidState { vendorStatus needsForce } ... on OtaConflict { backend }
        ... on OtaInvalidInput { path rule } } } }""",
        input={"id": id_of("tasks", "whole", "t0")},
    )["data"]["cancelOtaTask"]
    assert data["outcome"] == "REFUSED"
    assert [error["__typename"] for error in data["errors"]] == ["OtaInvalidState"]


def test_each_target_has_its_result_and_may_have_its_error(change: Ask) -> None:
    query = """mutation ($of: ID!, $names: [String!]!) { cancelDeviceUpgrade(input: {devices: {taskId: $of,
    deviceNames: $names}}) { results { target outcome statusBefore execution { id status task { name } }
    error { __typename message ... on OtaVendorRejected { vendorCode } } } summary { requested done refused } } }"""
    payload = change(query, of=id_of("tasks", "whole", "t5"), names=["d0", "d1", "nobody"])["data"][
        "cancelDeviceUpgrade"
    ]
    assert payload["results"] == []
    payload = change(query, of=id_of("tasks", "whole", "t4"), names=["d0", "d1", "nobody"])["data"][
        "cancelDeviceUpgrade"
    ]
    assert [one["target"] for one in payload["results"]] == ["d0", "d1", "nobody"]
    assert payload["results"][2]["error"]["__typename"] == "OtaNotFound"


def test_the_same_key_gives_the_first_answer_again(change: Ask) -> None:
    once = """updateOtaTask(input: {id: $id, description: "kept", idempotencyKey: "k"}) { outcome auditEntryId
    task { nativeId description } }"""
    data = change(f"mutation ($id: ID!) {{ first: {once} again: {once} }}", id=TASK)["data"]
    assert data["first"] == data["again"]
    assert data["first"]["task"] == {"nativeId": "t2", "description": "kept"}
