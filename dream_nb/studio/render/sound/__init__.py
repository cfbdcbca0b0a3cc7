"""Generates the sound of videos from words."""
