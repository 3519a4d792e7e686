"""Pages, JSON API, streams: thin, over the store."""
