"""What members prove themselves with: passwords, one-time codes, passkeys. It stores nothing."""
