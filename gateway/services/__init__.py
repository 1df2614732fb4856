"""Use cases over all backends. They know vendors only through the domain's port, and check every rule before a call."""
