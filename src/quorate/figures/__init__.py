"""How results are drawn: pure functions of plain arrays, a file for each kind of result."""
