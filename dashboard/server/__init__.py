"""Routes beside the pages: images out, decisions in, each checked at the door."""
