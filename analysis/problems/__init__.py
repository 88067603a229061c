"""Problems of the images themselves: copies, strangers, blank, dark, bright, small or oddly shaped ones."""
