"""Training and measuring a network. Everything here may import TensorFlow, so nothing imports it early."""
