"""The sound of videos, generated from words."""
