"""The studio: both APIs of Luma as a local server that draws procedurally. It says that it is not a model."""
