"""Lookalike's analysis: from images and labels to confused classes, wrong labels and cleaned lists."""

__version__ = "0.1.0"
