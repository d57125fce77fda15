"""Train and evaluate a network. These modules may import TensorFlow, which is slow, so other packages import them late."""
