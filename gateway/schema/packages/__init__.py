"""Packages: what is installed."""
