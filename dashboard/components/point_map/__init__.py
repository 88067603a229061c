"""The map of images: many points, drawn in the browser."""
