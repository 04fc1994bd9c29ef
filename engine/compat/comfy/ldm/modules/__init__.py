"""Parts of networks that packs use in networks of their own."""
