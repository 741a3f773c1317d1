"""Makes the generated pages of docs/ from the code and the model cards."""
