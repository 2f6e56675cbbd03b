"""Certificates: the success a collective can guarantee from its members' data, before acting."""
