"""Small real data sets, their licences (LICENSES.md) and their loader; no preprocessing and no network."""
