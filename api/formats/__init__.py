"""Tables as files: one description of a table's columns, one writer a format. Pure: batches in, bytes out."""
