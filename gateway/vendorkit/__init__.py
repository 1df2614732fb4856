"""What vendor folders lean on: the manifest, the HTTP client, decoding, status tables, and the simulators' frame."""
