"""Removable disks: found, read, and written through one small program as root.

Offers: new_file, removable_disks.
"""
