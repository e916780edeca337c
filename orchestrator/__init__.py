"""Orchestrate: agents as configuration that you can trust."""
