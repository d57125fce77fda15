"""Faces drawn from a free three-dimensional model, to teach a network how posed expressions look."""
