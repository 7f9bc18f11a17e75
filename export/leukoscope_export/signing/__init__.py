"""Keys, the signed repository of models, and the papers that travel with them."""
