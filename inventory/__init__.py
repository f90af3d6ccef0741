"""The domain: catalogue, stock, alerts and their history. It knows stock and never HTTP."""
