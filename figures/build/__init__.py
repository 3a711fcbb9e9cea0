"""Making what people look at from the stored results: which tables and figures are stale, drawing, typesetting, progress."""
