"""The tables that the API gives: what their columns are, and how rows of queries become theirs. Pure."""
