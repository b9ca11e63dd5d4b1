"""Static NumPy source, float and integer, and the classes that it defines."""

from catgrad.target.python import functions, regions
from catgrad.target.python.classes import (
    Compiled,
    compile_class,
    to_python_class,
    to_python_class_ast,
    to_python_function,
)
from catgrad.target.python.interface import Function
from catgrad.target.python.source import to_source

__all__ = [
    "Compiled",
    "Function",
    "compile_class",
    "functions",
    "regions",
    "to_python_class",
    "to_python_class_ast",
    "to_python_function",
    "to_source",
]
