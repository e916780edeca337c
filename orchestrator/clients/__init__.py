"""Model clients: what stands behind the seam to a model."""
