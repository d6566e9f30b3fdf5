"""A crowd at the till, and the same statements without the program around them."""
