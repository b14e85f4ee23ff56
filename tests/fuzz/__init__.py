"""Small files of each format that people give us, damaged by chance."""
