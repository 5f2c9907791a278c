"""What the kernels of layers and optimisers compute, in the language of numloss/loops."""
