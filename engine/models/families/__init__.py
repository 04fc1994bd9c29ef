"""Model families: how each lies in files and which networks it needs."""
