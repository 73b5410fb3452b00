"""What a page shows once its scripts have run, by a Chromium in a cell."""
