"""Programs that do the same job, each by its own means and in a process of its own."""
