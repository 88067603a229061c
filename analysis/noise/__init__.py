"""Which given labels look wrong: scorers, filters, their combination and the reasons shown to people."""
