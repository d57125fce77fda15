"""The network that reads an expression from a face crop, and the contract that it is shipped with."""
