"""String diagrams: a program as a picture.

labels.py     what an operation says of itself
wiring.py     operations that are wires in a picture
gathering.py  large programs in few boxes
parts.py      long ones in several pictures
diagram.py    what is drawn beside what: columns of items, and links in the gaps between them
ordering.py   the order of each column, so that few links cross
outline.py    how much room an operation takes
placing.py    the height of each item, so that wires run straight
picture.py    shapes, which are in shapes.py
layout.py     all of these in a row, for a program and those in its frames
sheet.py      several pictures below each other
svg.py        text
drawing.py    what to draw
"""

from catgrad.draw.drawing import Drawing, draw
from catgrad.draw.errors import DrawError
from catgrad.draw.labels import caption
from catgrad.hypergraph.viewing import show_with

__all__ = ["DrawError", "Drawing", "caption", "draw"]

show_with(Drawing.of)
