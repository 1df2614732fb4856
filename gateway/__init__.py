"""OTA Gateway: one GraphQL API over every cloud that updates your devices."""

__version__ = "0.1.0"
