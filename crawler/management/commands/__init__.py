"""Django's commands over the crawler."""
