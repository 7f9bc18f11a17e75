"""Keeps the device's processes at work, and says how it is.

Nothing here looks at a picture or a record: the supervisor must start at once, weigh
little and outlive whatever it watches, so it imports no more than the profile.

Offers: disk, health, heartbeat, heat, metrics, processes, restart_policy, supervisor.
"""
