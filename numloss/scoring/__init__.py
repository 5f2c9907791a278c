"""Language models, scored from saved logits or hidden states."""
