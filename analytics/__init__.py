"""Observations -> indicators."""

# Declarations use what is declared here, and are loaded by it: whatever is imported first, this order holds.
import analytics.indicator  # noqa: F401
