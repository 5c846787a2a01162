"""The command line: one file a command, which reads arguments, calls down, and prints."""
