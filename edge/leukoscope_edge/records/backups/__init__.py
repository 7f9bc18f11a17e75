"""All records in one sealed file, and back."""
