"""Certified success beside achieved success, on cars whose law is known."""
