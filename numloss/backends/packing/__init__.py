"""From checked arguments to the header that a loop reads: one text for arrays of the host and of a device."""
