"""How dates read in the admin: `FORMAT_MODULE_PATH` points here."""
