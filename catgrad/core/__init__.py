"""C, the category of core array programs: typed n-dimensional arrays and the operations on them."""
