"""What several processes share through Redis or Valkey: answers, snapshots, changes, call budgets and locks.

`Sharing` is one process's part in it, `SharedBackend` that of one backend. Nothing here fails a caller: while Redis is
away each process goes on alone, says so once in the log, and comes back by itself.
"""
