from tests.support.iam_policies import called_in, policy_of


def test_the_policy_on_its_page_allows_what_is_called_and_nothing_else() -> None:
    called = called_in("gateway/vendors/aws_managed_integrations/wire.py", "iotmanagedintegrations")
    assert policy_of("aws-managed-integrations.md") == called
    assert (len(called["Read"]), len(called["Change"])) == (3, 3)
