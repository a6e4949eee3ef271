"""What readers open besides tables."""
