"""Bench: a network on all that can run it here, timed side by side, held to the processor's roof and to float64."""
