"""HTTP, by caller. Parses what is untrusted, asks one workflow, shapes its answer."""
