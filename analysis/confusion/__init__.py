"""Which classes are confused: matrix, confusion graph, communities, weak spots, positions for drawing."""
