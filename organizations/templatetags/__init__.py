"""What templates can say of entries and of maps."""
