"""Measures Orchestrate beside the same work done with less: ``python -m benchmarks``, told in docs/performance.md."""
