"""What cannot be drawn."""

from catgrad.errors import CatgradError


class DrawError(CatgradError):
    """A diagram that cannot be drawn."""
