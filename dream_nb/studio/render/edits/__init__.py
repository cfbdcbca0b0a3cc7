"""What is done to an earlier video or image: another look, another ratio, another size."""
