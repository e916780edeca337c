"""What people and machines see: events, diagnostics, graphs and schemas as text."""
