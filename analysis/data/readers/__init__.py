"""One file per kind of data set; the registry of `analysis.data.reader` finds them."""
