"""Experiments and results as files that other programs read: tables, programs, pictures, films, pages."""
