"""numloss inside other libraries."""
