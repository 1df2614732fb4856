"""How an AWS managed integrations backend is configured."""

from gateway.vendorkit.aws.settings import AwsBackendSettings


class AwsManagedIntegrationsSettings(AwsBackendSettings):
    """One account and Region of AWS IoT Device Management's managed integrations."""
