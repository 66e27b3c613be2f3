"""The grammar calls these: what the commands do, by what they are about."""
