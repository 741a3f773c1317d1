"""Publishing a finished training: its median seed, measured, described and complete."""
