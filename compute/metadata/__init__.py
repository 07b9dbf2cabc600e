"""What a guest may know of itself, over HTTP or on a config drive."""
