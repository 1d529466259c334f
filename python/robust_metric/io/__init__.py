"""Files: archives with a JSON header, model files as plain data, data sets and their scaling."""
