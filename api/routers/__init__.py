"""One file a resource: read the request, ask `queries`, shape the answer."""
