"""Solvable memories in which every degree of freedom is counted, and the sweeps that confront them with the laws."""
