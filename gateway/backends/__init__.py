"""What stands around each adapter, outermost first: measure, cache, single flight, total deadline, and around every
vendor call the account's budget and the attempt's time. `stack.py` puts it together; each layer has its own file.
"""
