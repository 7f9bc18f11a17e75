"""Workstation: data, training and evaluation."""
