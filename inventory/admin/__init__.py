"""The admin: stock for people. It reads freely and writes only through the operations.

`apps.StockroomAdminConfig` puts `site.StockroomSite` in the place of Django's own site and loads `registry` once every
model is there; nothing here may import a model before that.
"""
