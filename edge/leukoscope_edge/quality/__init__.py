"""Is the device what it was: charts, cell location, illumination, camera scale."""
