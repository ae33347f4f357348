"""The platform pays first: caps, what is owed for it, how it comes back."""
