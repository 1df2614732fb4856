"""One folder per vendor. They are found by looking (vendorkit.discovery); no list of them exists."""
