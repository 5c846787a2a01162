"""What works on whole modules and files."""
