"""What the two AWS vendors share: settings, credentials, SigV4, the rest-json protocol, partitions."""
