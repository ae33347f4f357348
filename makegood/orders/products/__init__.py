"""Products as their orders show them: the terms they are sold on, and how delivery went."""
