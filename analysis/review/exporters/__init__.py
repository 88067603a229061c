"""Formats in which labels are taken away, one file each."""
