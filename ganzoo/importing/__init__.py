"""Taking others' weights over into a model folder: which tensor goes where, or a clear refusal."""
