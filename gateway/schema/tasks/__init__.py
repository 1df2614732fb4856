"""Tasks: campaigns that update many devices."""
