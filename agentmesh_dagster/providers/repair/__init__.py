"""Replies of three APIs brought into the one shape that their SDKs describe; JSON in, JSON out."""
