"""What models read and are taught: corpora, tokenizers, biographies, streams of facts and facts files."""
