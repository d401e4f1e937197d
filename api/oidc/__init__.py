"""OpenID Connect: tokens of an identity provider as callers."""
