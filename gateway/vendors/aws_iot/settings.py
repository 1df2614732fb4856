"""How an AWS IoT backend is configured."""

from gateway.vendorkit.aws.settings import AwsBackendSettings


class AwsIotSettings(AwsBackendSettings):
    """One account and Region of AWS IoT."""
