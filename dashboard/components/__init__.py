"""Own front-end parts: each a folder with its JavaScript and one Python module."""
