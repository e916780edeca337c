"""Conversation tests: test files, what happens in them, and what of the agents they reach."""
