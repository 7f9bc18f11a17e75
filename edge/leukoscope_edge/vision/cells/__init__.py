"""From masks on a view to nuclei, whole cells and what each object is."""
