"""The counting process and the page's line to it: camera, count, records, news.

Offers: blinding, channel, client, closing, commands, counting_process, missed_cell.
"""
