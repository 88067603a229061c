"""Files from which decisions are brought in, one format each."""
