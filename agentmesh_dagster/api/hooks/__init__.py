"""Hooks: what third parties post, and whether it comes from them."""
