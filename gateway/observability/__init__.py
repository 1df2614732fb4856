"""What is told about the running gateway to those who run it."""
