"""Whose normal slides a screening is held against: a file's, or the records'."""

import argparse

from leukoscope_edge.cli.facts import facts_of
from leukoscope_edge.cli.output import say
from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import SiteBackground
from leukoscope_edge.errors import RecordError
from leukoscope_edge.inference import Bundle
from leukoscope_edge.quality import site_background
from leukoscope_edge.records import DATABASE_NAME, open_store


def site_of(options: argparse.Namespace, bundle: Bundle) -> SiteBackground | None:
    """Return the site's background: of `--site`, else of the records in `--data`.

    That of the records counts where they hold five normal slides that this very model
    called; it is said on standard error. Records that cannot be read are named there
    and stop no screening: the bundle's background counts, and the verdict says so.
    """
    if options.site:
        return read_toml(options.site, SiteBackground)
    try:
        if not (options.data / DATABASE_NAME).is_file():
            return None
        with open_store(options.data, waits=False, may_recover=False) as store:
            sample_type = facts_of(options).sample_type
            site = site_background(store, bundle.card, sample_type)
    except (RecordError, OSError) as err:
        say(f"the background of the records is not used: {err}")
        return None
    if site is not None:
        say(f"background: {len(site.slides)} normal slides in {options.data}")
    return site
