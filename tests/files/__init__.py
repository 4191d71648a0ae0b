"""Reading and writing the files that clerks push."""
