"""The studio: the Dream Machine API v1.1.0 as a local server that draws procedurally. It is no model, and says so."""
