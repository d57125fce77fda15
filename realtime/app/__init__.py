"""Runs a session. The one room that puts settings and parts together."""
