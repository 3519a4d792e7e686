"""Notifications sent elsewhere: to webhooks and by e-mail."""
