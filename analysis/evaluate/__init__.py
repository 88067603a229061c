"""How well the model and the finder of wrong labels do, where the truth is known."""
