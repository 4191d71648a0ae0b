"""Pushes as files: reading the formats that clerks have, row by row, and writing the spreadsheets they fill in."""
