"""digitbox-train: makes the model that digitbox ships with. Runs on a host with TensorFlow, never on the Pi."""
