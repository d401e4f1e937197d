"""What the API answers: one model a resource, each field with its unit."""
