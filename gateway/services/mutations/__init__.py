"""Changes. Every one runs through the desk (desk.py): rules first, then the intent in the ledger, then the vendor, then
the result in the ledger. One file per kind of change.
"""
