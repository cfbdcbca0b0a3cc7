"""The Dream Machine API: what goes over the wire. Knows no disk and no notebook."""
