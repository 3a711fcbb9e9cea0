"""Models from elsewhere: folders of Hugging Face and GGUF files, checked before anything is computed with them."""
