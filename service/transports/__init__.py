"""What carries an alert out of the service: one module for each kind of channel."""
