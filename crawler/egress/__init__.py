"""The one way out: every byte of every request goes through here."""
