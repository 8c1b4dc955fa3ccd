"""The real page in a real browser. A package, so that fixtures of package scope end with these tests."""
