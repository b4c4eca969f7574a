"""Alerts: rules from alerts.yml, judged after each run and by a watcher, told to a webhook."""
