"""What lies near what: the shared nearest-neighbour graph and the 2-D map."""
