"""The subjects of a picture: large figures that a prompt names, with the colours and the motion that it asks for."""
