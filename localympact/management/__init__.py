"""The commands: what operators, developers and timers ask of the portal by `manage.py`."""
