"""Notifications: heard on one socket, kept or dropped by their source, opened, and told what they mean."""
