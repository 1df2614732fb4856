"""Executions: one device's part in one task."""
