"""People's decisions: stored at once, put in order for judging, applied to the labels, taken away."""
