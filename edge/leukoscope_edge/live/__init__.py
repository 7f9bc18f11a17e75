"""The counting process and the page's line to it: camera, count, records, news."""
