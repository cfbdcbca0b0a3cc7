"""The studio: both APIs of Luma as a local server that draws procedurally. It is no model, and says so."""
