"""What `training:` and `init:` may say, as data."""
