"""Tests against real models: each is had several times, and has a rate instead of a verdict."""
