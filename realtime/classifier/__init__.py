"""The network that classifies the expression of a face crop, and the contract that ships with it."""
