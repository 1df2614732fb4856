"""Devices: who is updated. They are known through their executions."""
