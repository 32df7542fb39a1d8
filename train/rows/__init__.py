"""The row reader: a small network that reads digits that touch without taking them apart."""
