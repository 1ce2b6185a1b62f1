"""Looks over the machine and the installation: what is there, what is not, what to do about it."""
