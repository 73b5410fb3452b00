"""The only SQL: SQLAlchemy Core over SQLite or PostgreSQL. Every function takes a transaction."""
