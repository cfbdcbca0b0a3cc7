"""The studio: both APIs of Luma as a local server that draws procedurally, and states that it is not a model."""
