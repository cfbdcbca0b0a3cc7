"""The sound of videos, made by rule from words."""
