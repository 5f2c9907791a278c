"""What a caller gave, checked, and the sentences that say what is wrong with it: one for host and device arrays."""
