"""The pages that people open in a browser. They ask workflows, as the API does."""
