"""Public beacons of randomness."""
