"""Audits of a model: how few people, acting together on their own data, can move it?"""
